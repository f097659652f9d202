/* SPDX-License-Identifier: MIT */
#include "tables/support/result.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* More groups than any pattern can have. */
#define GROUPS_MAX 65535

/* Text up to `end`, which counts from the result's beginning, then a group. */
struct result_piece {
        size_t end;
        unsigned group;
};

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
        return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
}

/* Returns the number of a group, 0 if it is none. */
static unsigned number_of(struct span name)
{
        unsigned number = 0;

        for (size_t i = 0; i < name.size; i++) {
                if (!is_digit(name.data[i]))
                        return 0;
                number = number * 10 + (unsigned)(name.data[i] - '0');
                if (number > GROUPS_MAX)
                        return 0;
        }
        return number;
}

/*
 * Takes the name off the text behind a '$'. Returns false when the parenthesis
 * does not end.
 */
static bool take_name(struct span *rest, struct span *ret_name)
{
        char open = rest->size > 0 ? rest->data[0] : '\0', close;
        size_t size = 0, depth = 1;

        if (open != '{' && open != '(') {
                while (size < rest->size && is_name(rest->data[size]))
                        size++;
                *ret_name = (struct span){rest->data, size};
                rest->data += size;
                rest->size -= size;
                return true;
        }
        close = open == '{' ? '}' : ')';
        for (size = 1; size < rest->size && depth > 0; size++)
                if (rest->data[size] == open)
                        depth++;
                else if (rest->data[size] == close)
                        depth--;
        if (depth > 0)
                return false;
        *ret_name = (struct span){rest->data + 1, size - 2};
        rest->data += size;
        rest->size -= size;
        return true;
}

/* Adds the group that a '$' begins; *rest is behind that. */
static int add_group(
        struct result *result, struct span *rest, struct reason *ret_reason)
{
        struct span text = *rest, name;
        unsigned group;

        if (!take_name(rest, &name)) {
                reason_set(ret_reason, "\"$%.*s\" does not end: expected '%c'",
                        (int)text.size, text.data,
                        text.data[0] == '{' ? '}' : ')');
                return -EINVAL;
        }
        group = number_of(name);
        if (group == 0) {
                reason_set(ret_reason,
                        "\"$%.*s\" names no group: write $1 or, before a "
                        "letter, ${1}; and $$ for a dollar sign",
                        (int)(text.size - rest->size), text.data);
                return -EINVAL;
        }
        result->pieces[result->piece_count++] =
                (struct result_piece){result->size, group};
        if (group > result->groups)
                result->groups = group;
        return 0;
}

static int parse(
        struct result *result, struct span rest, struct reason *ret_reason)
{
        while (rest.size > 0) {
                char c = *rest.data++;
                int error;

                rest.size--;
                if (c == '$' && (rest.size == 0 || *rest.data != '$')) {
                        error = add_group(result, &rest, ret_reason);
                        if (error < 0)
                                return error;
                        continue;
                }
                if (c == '$') {
                        rest.data++;
                        rest.size--;
                }
                result->text[result->size++] = c;
        }
        return 0;
}

int result_parse(
        struct result *result, struct span text, struct reason *ret_reason)
{
        size_t dollars = 0;

        for (size_t i = 0; i < text.size; i++)
                dollars += text.data[i] == '$';
        *result = (struct result){.text = malloc(text.size + 1)};
        if (dollars > 0)
                result->pieces = calloc(dollars, sizeof(*result->pieces));
        if (result->text == NULL || (dollars > 0 && result->pieces == NULL)) {
                reason_set_errno(ret_reason, -ENOMEM, "result");
                return -ENOMEM;
        }
        return parse(result, text, ret_reason);
}

void result_fini(struct result *result)
{
        free(result->text);
        free(result->pieces);
        *result = (struct result){.text = NULL};
}

/* Returns SIZE_MAX when it is too much. */
static size_t written_size(const struct result *result,
        struct span (*group)(void *ctx, unsigned number), void *ctx)
{
        size_t size = result->size;

        for (size_t i = 0; i < result->piece_count; i++) {
                struct span text = group(ctx, result->pieces[i].group);

                if (text.size >= SIZE_MAX - size)
                        return SIZE_MAX;
                size += text.size;
        }
        return size;
}

static char *append(char *to, const char *from, size_t size)
{
        if (size > 0)
                memcpy(to, from, size);
        return to + size;
}

int result_write(const struct result *result,
        struct span (*group)(void *ctx, unsigned number), void *ctx,
        struct arena *arena, struct span *ret_text)
{
        size_t size, done = 0;
        char *text, *at;

        if (result->piece_count == 0) {
                *ret_text = (struct span){result->text, result->size};
                return 0;
        }
        size = written_size(result, group, ctx);
        text = size < SIZE_MAX ? arena_bytes(arena, size) : NULL;
        if (text == NULL)
                return -ENOMEM;
        at = text;
        for (size_t i = 0; i < result->piece_count; i++) {
                const struct result_piece *piece = &result->pieces[i];
                struct span matched = group(ctx, piece->group);

                at = append(at, result->text + done, piece->end - done);
                at = append(at, matched.data, matched.size);
                done = piece->end;
        }
        append(at, result->text + done, result->size - done);
        *ret_text = (struct span){text, size};
        return 0;
}
