/* SPDX-License-Identifier: MIT */
#include "maps/address.h"
#include <errno.h>
#include <stdint.h>
#include <strings.h>

/* Nobody but administrators changes Postfix's double_bounce_sender. */
static const char *const unsplit[] = {
        "postmaster", "mailer-daemon", "double-bounce"};

#define OWNER "owner-"
#define REQUEST "-request"

static struct span tail(struct span text, size_t from)
{
        return (struct span){text.data + from, text.size - from};
}

size_t address_at(struct span internal)
{
        const char *at = internal.size == 0
                                 ? NULL
                                 : memrchr(internal.data, '@', internal.size);

        return at == NULL ? internal.size : (size_t)(at - internal.data);
}

/* What is never quoted: "@relay,@relay:" before the address proper. */
static size_t route_size(struct span address)
{
        const char *colon;

        if (address.size == 0 || address.data[0] != '@')
                return 0;
        colon = memchr(address.data, ':', address.size);
        return colon == NULL ? 0 : (size_t)(colon - address.data) + 1;
}

static bool needs_quotes(unsigned char byte)
{
        static const char specials[] = "()<>@,;:\\\"[]";

        return byte <= ' ' || byte == 127 ||
               memchr(specials, byte, sizeof(specials) - 1) != NULL;
}

static bool is_dot_string(struct span local)
{
        if (local.size == 0 || local.data[0] == '.' ||
                local.data[local.size - 1] == '.')
                return false;
        for (size_t i = 0; i < local.size; i++) {
                if (needs_quotes((unsigned char)local.data[i]))
                        return false;
                if (local.data[i] == '.' && local.data[i + 1] == '.')
                        return false;
        }
        return true;
}

static char *put(char *to, struct span bytes)
{
        if (bytes.size > 0)
                memcpy(to, bytes.data, bytes.size);
        return to + bytes.size;
}

static char *put_quoted(char *to, struct span local)
{
        static const char escaped[] = "\"\\\r";

        *to++ = '"';
        for (size_t i = 0; i < local.size; i++) {
                if (memchr(escaped, local.data[i], sizeof(escaped) - 1) != NULL)
                        *to++ = '\\';
                *to++ = local.data[i];
        }
        *to++ = '"';
        return to;
}

int address_quote(struct span internal, enum address_part part,
        struct arena *arena, struct span *ret_external)
{
        size_t start = route_size(internal);
        struct span rest = tail(internal, start);
        struct span local = {rest.data,
                part == ADDRESS_LOCAL ? rest.size : address_at(rest)};
        char *external, *end;

        if (is_dot_string(local)) {
                *ret_external = internal;
                return 0;
        }
        if (internal.size > SIZE_MAX / 2 - 2)
                return -ENOMEM;
        external = arena_bytes(arena, internal.size * 2 + 2);
        if (external == NULL)
                return -ENOMEM;
        end = put(external, (struct span){internal.data, start});
        end = put_quoted(end, local);
        end = put(end, tail(rest, local.size));
        *ret_external = (struct span){external, (size_t)(end - external)};
        return 0;
}

static bool has_quotes(struct span text)
{
        return text.size > 0 &&
               (memchr(text.data, '"', text.size) != NULL ||
                       memchr(text.data, '\\', text.size) != NULL);
}

/* Everything behind the last '@' outside quotes is left as it is. */
static char *put_unquoted(char *to, struct span text)
{
        bool is_quoted = false;
        char *to_at = NULL;
        size_t at = 0;

        for (size_t i = 0; i < text.size; i++) {
                if (text.data[i] == '"') {
                        is_quoted = !is_quoted;
                        continue;
                }
                if (text.data[i] == '@' && !is_quoted) {
                        to_at = to;
                        at = i;
                } else if (text.data[i] == '\\' && ++i == text.size)
                        break;
                *to++ = text.data[i];
        }
        return to_at == NULL ? to : put(to_at, tail(text, at));
}

int address_unquote(
        struct span external, struct arena *arena, struct span *ret_internal)
{
        size_t start = route_size(external);
        struct span rest = tail(external, start);
        char *internal, *end;

        if (!has_quotes(rest)) {
                *ret_internal = external;
                return 0;
        }
        internal = arena_bytes(arena, external.size);
        if (internal == NULL)
                return -ENOMEM;
        end = put(internal, (struct span){external.data, start});
        end = put_unquoted(end, rest);
        *ret_internal = (struct span){internal, (size_t)(end - internal)};
        return 0;
}

static bool begins(struct span text, const char *word)
{
        size_t size = strlen(word);

        return text.size >= size && strncasecmp(text.data, word, size) == 0;
}

static bool is_word(struct span text, const char *word)
{
        return text.size == strlen(word) && begins(text, word);
}

static bool has(struct span set, char byte)
{
        return set.size > 0 && memchr(set.data, byte, set.size) != NULL;
}

static bool is_split(struct span local, const struct address_rules *rules)
{
        for (size_t i = 0; i < sizeof(unsplit) / sizeof(unsplit[0]); i++)
                if (is_word(local, unsplit[i]))
                        return false;
        if (!rules->owner_request_special ||
                !has(rules->recipient_delimiter, '-'))
                return true;
        return !begins(local, OWNER) &&
               (local.size <= strlen(REQUEST) ||
                       !is_word(tail(local, local.size - strlen(REQUEST)),
                               REQUEST));
}

size_t address_bare_size(struct span local, const struct address_rules *rules)
{
        size_t size = 0;

        while (size < local.size &&
                !has(rules->recipient_delimiter, local.data[size]))
                size++;
        return size == 0 || !is_split(local, rules) ? local.size : size;
}
