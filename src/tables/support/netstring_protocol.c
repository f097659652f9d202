/* SPDX-License-Identifier: MIT */
#include "tables/support/netstring_protocol.h"
#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>

static int write_request(const void *ctx, struct span key, struct bytes *out)
{
        const struct netstring_peer *peer = ctx;
        size_t name_size = strlen(peer->map), size;
        size_t room = socketmap_request_wire_size(name_size, key.size);
        int r = bytes_reserve(out, room);

        if (r < 0)
                return r;
        r = socketmap_request_format(peer->map, name_size, key.data, key.size,
                out->data + out->size, out->capacity - out->size, &size);
        if (r == 0)
                out->size += size;
        return r;
}

static void set_value(struct lookup *lookup, struct span value)
{
        const char *copy = arena_copy(lookup->arena, value);

        if (copy == NULL)
                lookup_failed(lookup, "out of memory for the value");
        else
                lookup_found(lookup, (struct span){copy, value.size});
}

/* Whatever is neither a value nor "not found" is a failure. */
static void set_answer(const struct netstring_peer *peer,
        const struct socketmap_result *result, struct lookup *lookup)
{
        const char *status = socketmap_status_name(result->status);

        if (result->status == SOCKETMAP_OK)
                set_value(lookup, (struct span){result->text, result->size});
        else if (result->status == SOCKETMAP_NOTFOUND)
                lookup_absent(lookup);
        else
                lookup_failed(lookup, "%s: %s %.*s", peer->name, status,
                        (int)result->size, result->text);
}

static int read_reply(const void *ctx, struct span bytes, struct lookup *lookup,
        size_t *ret_size)
{
        const struct netstring_peer *peer = ctx;
        struct socketmap_result result;
        const char *payload, *why;
        size_t length;
        int r = socketmap_netstring_parse(bytes.data, bytes.size,
                SOCKETMAP_REPLY_SIZE_MAX, &payload, &length, ret_size);

        if (r == 0)
                return 0;
        why = r == -EMSGSIZE ? "the reply is too large"
                             : "the reply is no netstring";
        if (r > 0) {
                r = socketmap_result_parse(payload, length, &result);
                why = "the reply has no status of the protocol";
        }
        if (r == 0) {
                set_answer(peer, &result, lookup);
                return 1;
        }
        lookup_failed(lookup, "%s: %s", peer->name, why);
        return -EBADMSG;
}

const struct protocol netstring_protocol = {
        .request = write_request,
        .reply = read_reply,
};
