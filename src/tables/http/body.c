/* SPDX-License-Identifier: MIT */
#include "tables/http/body.h"
#include "base/braces.h"
#include "base/utf8.h"
#include "tables/http/url.h"
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

/* It has all that a template may need of a key. */
#define SAMPLE_KEY "u@a.b.c.d.e.f.g.h.i.j"

/* The longest is \u001f. */
#define ESCAPE_SIZE 6

static size_t escape(char byte, char *to)
{
        size_t size = 0;

        if (byte == '"' || byte == '\\') {
                to[size++] = '\\';
        } else if ((unsigned char)byte < ' ') {
                snprintf(to, ESCAPE_SIZE + 1, "\\u%04x", (unsigned)byte);
                return ESCAPE_SIZE;
        }
        to[size++] = byte;
        return size;
}

int http_json_quote(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        size_t size = 0;
        char *quoted;

        (void)ctx;
        if (!utf8_is_valid(part))
                return -EILSEQ;
        if (part.size > SIZE_MAX / ESCAPE_SIZE - 1)
                return -ENOMEM;
        quoted = arena_bytes(arena, part.size * ESCAPE_SIZE + 1);
        if (quoted == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < part.size; i++)
                size += escape(part.data[i], quoted + size);
        *ret_quoted = (struct span){quoted, size};
        return 0;
}

/* Says whether a type is this one, whatever its parameters are. */
static bool is_type(struct span type, const char *name)
{
        return type.size == strlen(name) &&
               strncasecmp(type.data, name, type.size) == 0;
}

static bool ends_with(struct span type, const char *end)
{
        size_t size = strlen(end);

        return type.size > size &&
               strncasecmp(type.data + type.size - size, end, size) == 0;
}

/* Returns how keys are written in this type; NULL: nobody knows. */
static template_quote *quote_of(const char *content_type)
{
        struct span type =
                trim((struct span){content_type, strcspn(content_type, ";")});

        if (is_type(type, "application/json") || ends_with(type, "+json"))
                return http_json_quote;
        if (is_type(type, "application/x-www-form-urlencoded"))
                return http_url_quote;
        return NULL;
}

/* Says whether each part of a key stands in a string of the JSON. */
static bool is_in_strings(const char *text)
{
        bool is_inside = false;

        for (; *text != '\0'; text++) {
                if (*text == '"') {
                        is_inside = !is_inside;
                } else if (*text == '\\') {
                        if (text[1] == '%')
                                return false; /* it would begin an escape */
                        if (text[1] != '\0')
                                text++;
                } else if (*text == '%') {
                        if (!is_inside && text[1] != '%')
                                return false;
                        text++;
                }
        }
        return true;
}

static int refuse(struct reason *ret_reason, const char *text)
{
        reason_set(ret_reason, "body: %s", text);
        return -EINVAL;
}

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "body");
        return -ENOMEM;
}

/* The body is JSON with a harmless key in it, and so with every other one. */
static int check_json(const char *text, const struct http_body *body,
        struct arena *arena, struct reason *ret_reason)
{
        struct span sample;
        json_error_t error;
        json_t *document;

        if (!is_in_strings(text))
                return refuse(ret_reason,
                        "parts of the key have to stand in a string of the "
                        "JSON: write \"%s\" with the quotes");
        if (template_expand_key(&body->template, span_of(SAMPLE_KEY),
                    body->quote, NULL, arena, &sample) < 0)
                return refuse_memory(ret_reason);
        document =
                json_loadb(sample.data, sample.size, JSON_DECODE_ANY, &error);
        if (document == NULL) {
                reason_set(ret_reason, "body: no JSON: %s", error.text);
                return -EINVAL;
        }
        json_decref(document);
        return 0;
}

int http_body_parse(const char *text, const char *content_type,
        struct arena *arena, struct http_body *ret_body,
        struct reason *ret_reason)
{
        struct http_body body = {.quote = quote_of(content_type)};
        struct reason why;
        int r = template_parse(
                span_of(text), TEMPLATE_QUERY, arena, &body.template, &why);

        if (r < 0) {
                reason_set(ret_reason, "body: %s", why.text);
                ret_reason->code = r;
                return r;
        }
        if (body.template.is_dynamic && body.quote == NULL)
                return refuse(ret_reason,
                        "nobody knows how to write a key in this "
                        "content_type: JSON or "
                        "application/x-www-form-urlencoded");
        if (body.quote == http_json_quote)
                r = check_json(text, &body, arena, ret_reason);
        if (r == 0)
                *ret_body = body;
        return r;
}
