/* SPDX-License-Identifier: MIT */
#include "tables/http/json_pointer.h"
#include <errno.h>
#include <stdint.h>

/* Copies a token, "~0" and "~1" replaced. Returns 0 or a negative errno. */
static int read_token(
        struct span text, struct arena *arena, const char **ret_token)
{
        char *token = arena_copy(arena, text);
        size_t size = 0;

        if (token == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < text.size; i++) {
                char byte = text.data[i];

                if (byte == '~') {
                        byte = ++i < text.size ? text.data[i] : '\0';
                        if (byte != '0' && byte != '1')
                                return -EINVAL;
                        byte = byte == '0' ? '~' : '/';
                }
                token[size++] = byte;
        }
        token[size] = '\0';
        *ret_token = token;
        return 0;
}

static size_t count_slashes(struct span text)
{
        size_t count = 0;

        for (size_t i = 0; i < text.size; i++)
                count += text.data[i] == '/';
        return count;
}

/* Each token has a slash before it. */
static int read_tokens(
        struct span text, struct arena *arena, struct json_pointer *pointer)
{
        while (text.size > 0) {
                struct span token = {text.data + 1, text.size - 1};
                const char *end = memchr(token.data, '/', token.size);
                int r;

                if (end != NULL)
                        token.size = (size_t)(end - token.data);
                r = read_token(token, arena, &pointer->tokens[pointer->count]);
                if (r < 0)
                        return r;
                pointer->count++;
                text.data += token.size + 1;
                text.size -= token.size + 1;
        }
        return 0;
}

int json_pointer_parse(struct span text, struct arena *arena,
        struct json_pointer *ret_pointer, struct reason *ret_reason)
{
        struct json_pointer pointer = {.count = 0};
        int r = text.size == 0 || text.data[0] == '/' ? 0 : -EINVAL;

        if (r == 0) {
                pointer.tokens = arena_alloc(arena,
                        (count_slashes(text) + 1) * sizeof(*pointer.tokens));
                r = pointer.tokens == NULL ? -ENOMEM : 0;
        }
        if (r == 0)
                r = read_tokens(text, arena, &pointer);
        if (r == -EINVAL)
                reason_set(ret_reason,
                        "\"%.*s\" is no JSON pointer, such as /data/0/address; "
                        "in a name, ~1 is for \"/\" and ~0 for \"~\"",
                        (int)text.size, text.data);
        else if (r < 0)
                reason_set_errno(ret_reason, r, "JSON pointer");
        else
                *ret_pointer = pointer;
        return r;
}

/* Returns 1 with the element, 0 when there is none, -EBADMSG for a name. */
static int find_element(json_t *array, const char *token, json_t **ret_value)
{
        size_t index = 0;
        json_t *value;

        if (strcmp(token, "-") == 0)
                return 0; /* what stands behind the last one */
        if (token[0] == '\0' || (token[0] == '0' && token[1] != '\0'))
                return -EBADMSG;
        for (; *token != '\0'; token++) {
                if (*token < '0' || *token > '9')
                        return -EBADMSG;
                if (index > SIZE_MAX / 100)
                        return 0;
                index = index * 10 + (size_t)(*token - '0');
        }
        value = json_array_get(array, index);
        if (value == NULL)
                return 0;
        *ret_value = value;
        return 1;
}

static int find_member(json_t *parent, const char *token, json_t **ret_value)
{
        json_t *value;

        if (json_is_array(parent))
                return find_element(parent, token, ret_value);
        if (json_is_null(parent))
                return 0;
        if (!json_is_object(parent))
                return -EBADMSG;
        value = json_object_get(parent, token);
        if (value == NULL)
                return 0;
        *ret_value = value;
        return 1;
}

int json_pointer_find(const struct json_pointer *pointer, json_t *document,
        json_t **ret_value)
{
        json_t *value = document;

        for (size_t i = 0; i < pointer->count; i++) {
                int r = find_member(value, pointer->tokens[i], &value);

                if (r <= 0)
                        return r;
        }
        *ret_value = value;
        return 1;
}
