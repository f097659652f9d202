/* SPDX-License-Identifier: MIT */
/* The codec: any bytes as a netstring, as a request and as a result. */
#include "fuzz.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
#include <stdbool.h>
#include <string.h>

/* One parse and all that it has told. */
struct parsed {
        int r;
        const char *payload;
        size_t length;
        size_t size;
};

static struct parsed parse(const uint8_t *data, size_t size, size_t limit)
{
        struct parsed parsed = {0};

        parsed.r = socketmap_netstring_parse(data, size, limit, &parsed.payload,
                &parsed.length, &parsed.size);
        return parsed;
}

static bool is_same(const struct parsed *a, const struct parsed *b)
{
        return a->r == b->r && a->payload == b->payload &&
               a->length == b->length && a->size == b->size;
}

/*
 * Whatever has arrived so far, the result is the one for all bytes, or more
 * bytes are asked for: some, and not more than there are in the end.
 */
static void check_splits(const uint8_t *data, size_t size, size_t limit)
{
        struct parsed whole = parse(data, size, limit);
        bool decided = false;
        size_t split;

        REQUIRE(whole.r != 1 || whole.length <= limit);
        for (split = 0; split <= size; split++) {
                struct parsed part = parse(data, split, limit);

                if (decided || part.r != 0) {
                        REQUIRE(is_same(&part, &whole));
                        REQUIRE(part.r != 1 || decided || part.size == split);
                        decided = true;
                        continue;
                }
                REQUIRE(part.size > split);
                REQUIRE(whole.r < 0 || part.size <= whole.size);
        }
}

static void check_framing(const uint8_t *data, size_t size)
{
        struct parsed whole = parse(data, size, SOCKETMAP_REQUEST_SIZE_MAX);
        char *back;
        size_t back_size;

        if (whole.r != 1)
                return;
        REQUIRE(whole.size <= size);
        REQUIRE(whole.size == socketmap_netstring_size(whole.length));
        back = malloc(whole.size);
        REQUIRE(back != NULL);
        REQUIRE(socketmap_netstring_format(whole.payload, whole.length, back,
                        whole.size, &back_size) == 0);
        REQUIRE(back_size == whole.size);
        REQUIRE(memcmp(back, data, back_size) == 0);
        free(back);
}

/* The wire must hold the netstring of these bytes, and nothing else. */
static void check_wire(
        const char *wire, size_t wire_size, const uint8_t *data, size_t size)
{
        struct parsed parsed = parse((const uint8_t *)wire, wire_size, size);

        REQUIRE(parsed.r == 1 && parsed.size == wire_size);
        REQUIRE(parsed.length == size);
        REQUIRE(memcmp(parsed.payload, data, size) == 0);
}

static void check_request(const uint8_t *data, size_t size)
{
        const char *name, *key;
        size_t name_size, key_size, wire_size, room;
        char *wire;

        if (socketmap_request_parse(
                    data, size, &name, &name_size, &key, &key_size) < 0)
                return;
        room = socketmap_request_wire_size(name_size, key_size);
        wire = malloc(room);
        REQUIRE(wire != NULL);
        REQUIRE(socketmap_request_format(name, name_size, key, key_size, wire,
                        room, &wire_size) == 0);
        REQUIRE(wire_size == room);
        check_wire(wire, wire_size, data, size);
        free(wire);
}

static void check_result(const uint8_t *data, size_t size)
{
        struct socketmap_result result;
        size_t wire_size, room;
        char *wire;
        int r;

        if (socketmap_result_parse(data, size, &result) < 0)
                return;
        room = socketmap_result_wire_size(&result);
        wire = malloc(room);
        REQUIRE(wire != NULL);
        r = socketmap_result_format(&result, size + 1, wire, room, &wire_size);
        if (memchr(result.text, '\0', result.size) != NULL) {
                REQUIRE(r == -EINVAL);
        } else {
                REQUIRE(r == 0 && wire_size == room);
                /* A bare word comes back with the space it lacked. */
                if (memchr(data, ' ', size) != NULL)
                        check_wire(wire, wire_size, data, size);
        }
        free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check_splits(data, size, SOCKETMAP_REQUEST_SIZE_MAX);
        check_splits(data, size, 12);
        check_framing(data, size);
        check_request(data, size);
        check_result(data, size);
        return 0;
}
