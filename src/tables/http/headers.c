/* SPDX-License-Identifier: MIT */
#include "tables/http/headers.h"
#include "base/braces.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What a name may have besides letters and digits (RFC 9110, token). */
#define NAME_SIGNS "!#$%&'*+-.^_`|~"

static const struct {
        const char *name, *instead;
} refused[] = {
        {"Content-Length", "it follows from body"},
        {"Transfer-Encoding", "it follows from body"},
        {"Connection", "connections are kept"},
        {"Content-Type", "write content_type"},
        {"User-Agent", "write user_agent"},
        {"X-Request-Id", "each request has one"},
};

static bool is_name(struct span name)
{
        for (size_t i = 0; i < name.size; i++) {
                char byte = name.data[i];

                if (!((byte >= 'a' && byte <= 'z') ||
                            (byte >= 'A' && byte <= 'Z') ||
                            (byte >= '0' && byte <= '9')) &&
                        memchr(NAME_SIGNS, byte, sizeof(NAME_SIGNS) - 1) ==
                                NULL)
                        return false;
        }
        return name.size > 0;
}

static bool can_hold(struct span value)
{
        for (size_t i = 0; i < value.size; i++)
                if ((unsigned char)value.data[i] < ' ' ||
                        value.data[i] == '\177')
                        return false;
        return true;
}

bool http_headers_can_hold(const char *value)
{
        return can_hold(span_of(value));
}

/* A word that is no header may be a password. */
static int refuse_word(
        size_t number, const char *why, struct reason *ret_reason)
{
        reason_set(ret_reason, "headers: word %zu: %s", number, why);
        return -EINVAL;
}

static int refuse(struct span word, const char *why, struct reason *ret_reason)
{
        reason_set(ret_reason, "headers: \"%.*s\": %s", (int)word.size,
                word.data, why);
        return -EINVAL;
}

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "headers");
        return -ENOMEM;
}

/* Adds a header in one of the forms that libcurl knows. */
static int add(struct span name, const char *separator, struct span value,
        struct curl_slist **list, struct reason *ret_reason)
{
        struct curl_slist *longer;
        char *line;

        if (!can_hold(value))
                return refuse(name, "no text for a header", ret_reason);
        if (asprintf(&line, "%.*s%s%.*s", (int)name.size, name.data, separator,
                    (int)value.size, value.data) < 0)
                return refuse_memory(ret_reason);
        longer = curl_slist_append(*list, line);
        free(line);
        if (longer == NULL)
                return refuse_memory(ret_reason);
        *list = longer;
        return 0;
}

int http_headers_add(const char *name, const char *value,
        struct curl_slist **list, struct reason *ret_reason)
{
        return add(span_of(name), ": ", span_of(value), list, ret_reason);
}

int http_headers_omit(
        const char *name, struct curl_slist **list, struct reason *ret_reason)
{
        return add(span_of(name), ":", span_of(""), list, ret_reason);
}

static int read_header(struct span word, size_t number,
        struct curl_slist **list, struct reason *ret_reason)
{
        struct span inside, name, value;
        const char *colon = NULL;

        if (braces_strip(word, &inside, ret_reason) == 0)
                colon = memchr(inside.data, ':', inside.size);
        if (colon == NULL)
                return refuse_word(
                        number, "expected {NAME: VALUE}", ret_reason);
        name = trim((struct span){inside.data, (size_t)(colon - inside.data)});
        value = trim((struct span){
                colon + 1, (size_t)(inside.data + inside.size - colon) - 1});
        if (!is_name(name))
                return refuse_word(number,
                        "no name of a header stands before the colon",
                        ret_reason);
        for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
                if (strlen(refused[i].name) == name.size &&
                        strncasecmp(refused[i].name, name.data, name.size) == 0)
                        return refuse(name, refused[i].instead, ret_reason);
        /* The semicolon is for a header that has no text. */
        return add(name, value.size > 0 ? ": " : ";", value, list, ret_reason);
}

int http_headers_parse(
        const char *text, struct curl_slist **list, struct reason *ret_reason)
{
        struct span rest = span_of(text), word;
        size_t number = 0;
        int r = 0;

        while (r == 0 && word_next(&rest, &word))
                r = read_header(word, ++number, list, ret_reason);
        return r;
}
