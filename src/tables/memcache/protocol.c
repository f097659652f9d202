/* SPDX-License-Identifier: MIT */
#include "tables/memcache/protocol.h"
#include "base/braces.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* What stands in a request besides key and value. */
#define REQUEST_MAX ((size_t)100)

bool memcache_key_is_good(struct span key)
{
        for (size_t i = 0; i < key.size; i++)
                if (key.data[i] == '\0' || byte_is_space(key.data[i]))
                        return false;
        return key.size > 0;
}

int memcache_get(struct span key, struct arena *arena, struct span *ret_request)
{
        char *text = arena_bytes(arena, key.size + REQUEST_MAX);
        int size;

        if (text == NULL)
                return -ENOMEM;
        size = snprintf(text, key.size + REQUEST_MAX, "get %.*s\r\n",
                (int)key.size, key.data);
        *ret_request = (struct span){text, (size_t)size};
        return 0;
}

int memcache_set(struct span key, struct span value, uint64_t flags,
        uint64_t ttl, struct arena *arena, struct span *ret_request)
{
        size_t room = key.size + REQUEST_MAX, size;
        char *text;

        if (value.size > SIZE_MAX / 2)
                return -ENOMEM;
        text = arena_bytes(arena, room + value.size + 2);
        if (text == NULL)
                return -ENOMEM;
        size = (size_t)snprintf(text, room,
                "set %.*s %" PRIu64 " %" PRIu64 " %zu\r\n", (int)key.size,
                key.data, flags, ttl, value.size);
        if (value.size > 0)
                memcpy(text + size, value.data, value.size);
        text[size + value.size] = '\r';
        text[size + value.size + 1] = '\n';
        *ret_request = (struct span){text, size + value.size + 2};
        return 0;
}

static int write_request(
        const void *ctx, struct span request, struct bytes *out)
{
        (void)ctx;
        if (bytes_reserve(out, request.size) < 0)
                return -ENOMEM;
        memcpy(out->data + out->size, request.data, request.size);
        out->size += request.size;
        return 0;
}

static bool take(struct span *text, struct span prefix)
{
        if (text->size < prefix.size ||
                memcmp(text->data, prefix.data, prefix.size) != 0)
                return false;
        text->data += prefix.size;
        text->size -= prefix.size;
        return true;
}

static bool take_number(struct span *text, uint64_t *ret_number)
{
        size_t digits = 0;

        *ret_number = 0;
        for (; digits < text->size; digits++) {
                unsigned digit = (unsigned char)text->data[digits] - '0';

                if (digit > 9 || *ret_number > (UINT64_MAX - digit) / 10)
                        break;
                *ret_number = *ret_number * 10 + digit;
        }
        text->data += digits;
        text->size -= digits;
        return digits > 0;
}

static int refuse(const struct memcache_limits *limits, struct lookup *lookup,
        struct span line)
{
        lookup_failed(lookup, "%s: unexpected reply: %.*s", limits->server,
                line.size < 100 ? (int)line.size : 100, line.data);
        return -EBADMSG;
}

/*
 * Takes a line off. Returns 1; 0 when it is not whole; -EBADMSG when it is too
 * long, and the lookup has failed.
 */
static int take_line(const struct memcache_limits *limits, struct span *bytes,
        struct lookup *lookup, struct span *ret_line)
{
        const char *end =
                bytes->size > 0 ? memchr(bytes->data, '\n', bytes->size) : NULL;
        size_t size = end != NULL ? (size_t)(end - bytes->data) : bytes->size;

        if (size > limits->line + 1) {
                lookup_failed(lookup, "%s: a line of the reply is too long",
                        limits->server);
                return -EBADMSG;
        }
        if (end == NULL)
                return 0;
        *ret_line = (struct span){bytes->data, size};
        bytes->data += size + 1;
        bytes->size -= size + 1;
        if (size == 0 || ret_line->data[size - 1] != '\r')
                return refuse(limits, lookup, *ret_line);
        ret_line->size--;
        return 1;
}

/* "get KEY\r\n" */
static struct span key_of(struct span request)
{
        return (struct span){request.data + 4, request.size - 6};
}

/* "VALUE KEY FLAGS SIZE", and maybe more behind it. */
static bool parse_value_line(
        struct span line, struct span key, uint64_t *ret_size)
{
        uint64_t flags;

        return take(&line, SPAN_LITERAL("VALUE ")) && take(&line, key) &&
               take(&line, SPAN_LITERAL(" ")) && take_number(&line, &flags) &&
               take(&line, SPAN_LITERAL(" ")) && take_number(&line, ret_size) &&
               (line.size == 0 || line.data[0] == ' ');
}

static int take_value(const struct memcache_limits *limits, struct span line,
        struct span *bytes, struct lookup *lookup)
{
        struct span end = SPAN_LITERAL("\r\nEND\r\n"), value;
        uint64_t size;

        if (!parse_value_line(line, key_of(lookup->key), &size))
                return refuse(limits, lookup, line);
        if (size > limits->data) {
                lookup_failed(lookup,
                        "%s: a value of %" PRIu64
                        " bytes: data_size_limit is %zu",
                        limits->server, size, limits->data);
                return -EBADMSG;
        }
        if (bytes->size < size + end.size)
                return 0;
        value = (struct span){bytes->data, (size_t)size};
        bytes->data += size;
        bytes->size -= size;
        if (!take(bytes, end))
                return refuse(limits, lookup,
                        SPAN_LITERAL("no END behind the value"));
        value.data = arena_copy(lookup->arena, value);
        if (value.data == NULL)
                lookup_failed(lookup, "out of memory for the value");
        else
                lookup_found(lookup, value);
        return 1;
}

static int take_reply(const struct memcache_limits *limits, struct span *bytes,
        struct lookup *lookup)
{
        bool is_set = lookup->key.data[0] == 's';
        struct span line;
        int r = take_line(limits, bytes, lookup, &line);

        if (r <= 0)
                return r;
        if (is_set && span_equal(line, SPAN_LITERAL("STORED"))) {
                lookup_found(lookup, SPAN_LITERAL(""));
                return 1;
        }
        if (is_set)
                return refuse(limits, lookup, line);
        if (span_equal(line, SPAN_LITERAL("END"))) {
                lookup_absent(lookup);
                return 1;
        }
        return take_value(limits, line, bytes, lookup);
}

static int read_reply(const void *ctx, struct span bytes, struct lookup *lookup,
        size_t *ret_size)
{
        struct span rest = bytes;
        int r = take_reply(ctx, &rest, lookup);

        *ret_size = bytes.size - rest.size;
        return r;
}

const struct protocol memcache_protocol = {
        .request = write_request,
        .reply = read_reply,
};
