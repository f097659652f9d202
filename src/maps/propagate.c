/* SPDX-License-Identifier: MIT */
#include "maps/propagate.h"
#include "maps/rfc822.h"
#include <errno.h>
#include <stdint.h>

#define SEPARATOR SPAN_LITERAL(", ")

/* Joins three pieces in the arena. */
static int join(struct arena *arena, const struct span piece[3],
        struct span *ret_joined)
{
        size_t size = 0;
        char *joined;

        for (size_t i = 0; i < 3; i++) {
                if (piece[i].size > SIZE_MAX - size)
                        return -ENOMEM;
                size += piece[i].size;
        }
        joined = arena_bytes(arena, size);
        if (joined == NULL)
                return -ENOMEM;
        *ret_joined = (struct span){joined, size};
        for (size_t i = 0; i < 3; i++) {
                if (piece[i].size > 0)
                        memcpy(joined, piece[i].data, piece[i].size);
                joined += piece[i].size;
        }
        return 0;
}

/*
 * Makes an internal address the external one with the extension. Without a
 * domain all of it is quoted: Postfix will add one of its own, and an '@' that
 * a sender put into the extension must not make one.
 */
static int extend(
        struct span *address, struct span extension, struct arena *arena)
{
        size_t at = address_at(*address);
        struct span extended;
        int r = join(arena,
                (struct span[]){{address->data, at}, extension,
                        {address->data + at, address->size - at}},
                &extended);

        if (r < 0)
                return r;
        return address_quote(extended,
                at == address->size ? ADDRESS_LOCAL : ADDRESS_WHOLE, arena,
                address);
}

static int join_addresses(const struct rfc822_address *first,
        struct arena *arena, struct span *ret_list)
{
        const struct rfc822_address *address;
        size_t size = 0;
        char *list;

        for (address = first; address != NULL; address = address->next) {
                if (address->internal.size > SIZE_MAX - size - SEPARATOR.size)
                        return -ENOMEM;
                size += address->internal.size + SEPARATOR.size;
        }
        list = arena_bytes(arena, size);
        if (list == NULL)
                return -ENOMEM;
        *ret_list = (struct span){list, size - SEPARATOR.size};
        for (address = first; address != NULL; address = address->next) {
                memcpy(list, address->internal.data, address->internal.size);
                list += address->internal.size;
                memcpy(list, SEPARATOR.data, SEPARATOR.size);
                list += SEPARATOR.size;
        }
        return 0;
}

/* "" and "<>" are the null address. */
static int parse_list(struct span list, struct arena *arena,
        struct rfc822_address **ret_first)
{
        if (list.size == 0 || span_equal(list, SPAN_LITERAL("<>")))
                list = SPAN_LITERAL("\"\"");
        return rfc822_addresses(list, arena, ret_first);
}

int propagate_extension(struct span list, struct span extension,
        struct arena *arena, struct span *ret_result)
{
        struct rfc822_address *first, *address;
        int r = parse_list(list, arena, &first);

        if (r < 0)
                return r;
        if (first == NULL)
                return -EBADMSG;
        for (address = first; address != NULL; address = address->next) {
                r = extend(&address->internal, extension, arena);
                if (r < 0)
                        return r;
        }
        return join_addresses(first, arena, ret_result);
}

int propagate_result(const struct candidate *candidate, bool propagates,
        struct span value, struct arena *arena, struct span *ret_result)
{
        struct span address;
        int r;

        if (candidate->is_stripped && value.size > 0 && value.data[0] == '@') {
                r = join(arena,
                        (struct span[]){candidate->local, value, {NULL, 0}},
                        &address);
                if (r == 0)
                        r = address_quote(
                                address, ADDRESS_WHOLE, arena, &value);
                if (r < 0)
                        return r;
        }
        if (candidate->is_stripped && propagates)
                return propagate_extension(
                        value, candidate->extension, arena, ret_result);
        *ret_result = value;
        return 0;
}
