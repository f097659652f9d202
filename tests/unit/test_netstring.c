/* SPDX-License-Identifier: MIT */
/* The table of cases whole, at every split and byte by byte; formatting. */
#include "codec_cases.h"
#include "codec_guard.h"
#include "support/check.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <stdint.h>
#include <stdlib.h>

#define LIMIT 131072

static struct guard guard;

/* The outputs of a parse, with marks that no parse would leave. */
struct outputs {
        const char *payload;
        size_t length;
        size_t size;
};

static const char untouched_bytes[1];

static struct outputs untouched(void)
{
        return (struct outputs){untouched_bytes, 12345, 54321};
}

/* Parses the first `size` bytes of a case, with nothing readable behind. */
static int parse_beginning(const struct codec_case *item, size_t size,
        const char **ret_start, struct outputs *ret_outputs)
{
        *ret_start = guard_place(&guard, item->bytes, size);
        *ret_outputs = untouched();
        return socketmap_netstring_parse(*ret_start, size, item->limit,
                &ret_outputs->payload, &ret_outputs->length,
                &ret_outputs->size);
}

static void check_complete(const struct codec_case *item, const char *start,
        const struct outputs *outputs)
{
        CHECK_INT(outputs->size, item->first);
        CHECK_INT(outputs->length, item->length);
        CHECK(outputs->payload == start + item->first - 1 - item->length);
        CHECK(outputs->length == item->length &&
                memcmp(outputs->payload, item->payload, item->length) == 0);
}

static void check_untouched(const struct outputs *outputs)
{
        CHECK(outputs->payload == untouched_bytes);
        CHECK_INT(outputs->length, 12345);
}

/*
 * Every beginning of a case, shortest first, is what a reader sees that gets
 * the bytes one by one, or split there: bytes are missing until the one that
 * decides, and from there on the result stays what it is.
 */
static void check_beginnings(const struct codec_case *item)
{
        size_t size, least = 0;

        for (size = 0; size <= item->size; size++) {
                int decided = item->expected != 0 && size >= item->first;
                struct outputs outputs;
                const char *start;
                int r = parse_beginning(item, size, &start, &outputs);

                CHECK_INT(r, decided ? item->expected : 0);
                if (r == 1) {
                        check_complete(item, start, &outputs);
                        continue;
                }
                check_untouched(&outputs);
                if (r < 0) {
                        CHECK_INT(outputs.size, 54321);
                        continue;
                }
                CHECK(outputs.size > size);
                CHECK(outputs.size >= least);
                CHECK(item->expected != 1 || outputs.size <= item->first);
                least = outputs.size;
        }
}

static void test_cases(void)
{
        size_t i;

        for (i = 0; i < codec_cases_count; i++) {
                int bad = check_bad;

                check_bad = 0;
                check_beginnings(&codec_cases[i]);
                if (check_bad)
                        printf("# case %zu: %.40s\n", i, codec_cases[i].bytes);
                check_bad |= bad;
        }
}

/* Skipping to the size that a parse asked for always gets there. */
static void test_least_size(void)
{
        const char bytes[] = "26:abcdefghijklmnopqrstuvwxyz,";
        const char *payload;
        size_t length, size;

        CHECK_INT(socketmap_netstring_parse(
                          NULL, 0, LIMIT, &payload, &length, &size),
                0);
        CHECK_INT(size, 3);
        CHECK_INT(socketmap_netstring_parse(
                          bytes, 1, LIMIT, &payload, &length, &size),
                0);
        CHECK_INT(size, 5);
        CHECK_INT(socketmap_netstring_parse(
                          bytes, 2, LIMIT, &payload, &length, &size),
                0);
        CHECK_INT(size, 30);
        CHECK_INT(socketmap_netstring_parse(
                          bytes, 30, LIMIT, &payload, &length, &size),
                1);
        CHECK_INT(size, 30);
}

/* A payload of exactly the limit goes both ways; one byte more does not. */
static void check_limit(size_t limit)
{
        size_t whole = socketmap_netstring_size(limit + 1), size, length;
        char *payload = calloc(1, limit + 1), *buffer = malloc(whole);
        const char *found, *start;

        CHECK_INT(socketmap_netstring_format(
                          payload, limit, buffer, whole, &size),
                0);
        start = guard_place(&guard, buffer, size);
        CHECK_INT(socketmap_netstring_parse(
                          start, size - 1, limit, &found, &length, &size),
                0);
        CHECK_INT(size, socketmap_netstring_size(limit));
        CHECK_INT(socketmap_netstring_parse(
                          start, size, limit, &found, &length, &size),
                1);
        CHECK_INT(length, limit);
        CHECK_INT(socketmap_netstring_parse(
                          start, size, limit - 1, &found, &length, &size),
                -EMSGSIZE);

        CHECK_INT(socketmap_netstring_format(
                          payload, limit + 1, buffer, whole, &size),
                0);
        CHECK_INT(socketmap_netstring_parse(
                          buffer, size, limit, &found, &length, &size),
                -EMSGSIZE);
        free(payload);
        free(buffer);
}

static void test_limits(void)
{
        check_limit(1);
        check_limit(9);
        check_limit(10);
        check_limit(99);
        check_limit(100000);
        check_limit(131072);
}

static void test_size(void)
{
        CHECK_INT(socketmap_netstring_size(0), 3);
        CHECK_INT(socketmap_netstring_size(9), 12);
        CHECK_INT(socketmap_netstring_size(10), 14);
        CHECK_INT(socketmap_netstring_size(99), 103);
        CHECK_INT(socketmap_netstring_size(100), 105);
        CHECK_INT(socketmap_netstring_size(131072), 131080);
        CHECK(socketmap_netstring_size(SIZE_MAX) == SIZE_MAX);
        CHECK(socketmap_netstring_size(SIZE_MAX - 21) == SIZE_MAX);
        CHECK(socketmap_netstring_size(SIZE_MAX / 2) > SIZE_MAX / 2);
}

static void test_format(void)
{
        char buffer[32];
        size_t size = 777;

        memset(buffer, '#', sizeof(buffer));
        CHECK_INT(socketmap_netstring_format(
                          "hello", 5, buffer, sizeof(buffer), &size),
                0);
        CHECK_INT(size, 8);
        CHECK(memcmp(buffer, "5:hello,#", 9) == 0);
        CHECK_INT(socketmap_netstring_format(NULL, 0, buffer, 3, &size), 0);
        CHECK_INT(size, 3);
        CHECK(memcmp(buffer, "0:,", 3) == 0);
        CHECK_INT(socketmap_netstring_format(
                          "\0\xff,:9876543", 11, buffer, 15, &size),
                0);
        CHECK(memcmp(buffer, "11:\0\xff,:9876543,", 15) == 0);
}

static void test_format_without_room(void)
{
        char buffer[32];
        size_t size = 777, room;

        memset(buffer, '#', sizeof(buffer));
        for (room = 0; room < 8; room++)
                CHECK_INT(socketmap_netstring_format(
                                  "hello", 5, buffer, room, &size),
                        -ENOBUFS);
        CHECK_INT(socketmap_netstring_format(
                          "hello", SIZE_MAX, buffer, SIZE_MAX, &size),
                -ENOBUFS);
        CHECK_INT(size, 777);
        for (room = 0; room < sizeof(buffer); room++)
                CHECK(buffer[room] == '#');
        CHECK_INT(
                socketmap_netstring_format("hello", 5, guard.end - 8, 8, &size),
                0);
}

/* The payload may lie anywhere in the buffer that is written. */
static void test_format_in_place(void)
{
        char buffer[32];
        size_t size, offset;

        for (offset = 0; offset + 12 <= sizeof(buffer); offset++) {
                memset(buffer, '#', sizeof(buffer));
                memcpy(buffer + offset, "abcdefghijkl", 12);
                CHECK_INT(socketmap_netstring_format(buffer + offset, 12,
                                  buffer, sizeof(buffer), &size),
                        0);
                CHECK(memcmp(buffer, "12:abcdefghijkl,", 16) == 0);
        }
}

static void test_round_trip(void)
{
        static char payload[1200], buffer[1210];
        size_t length;

        for (length = 0; length < sizeof(payload); length++) {
                const char *found;
                size_t size, found_length, found_size;

                payload[length] = (char)(length * 7);
                CHECK_INT(socketmap_netstring_format(payload, length, buffer,
                                  sizeof(buffer), &size),
                        0);
                CHECK_INT(size, socketmap_netstring_size(length));
                CHECK_INT(socketmap_netstring_parse(
                                  guard_place(&guard, buffer, size), size,
                                  LIMIT, &found, &found_length, &found_size),
                        1);
                CHECK_INT(found_size, size);
                CHECK(found_length == length &&
                        memcmp(found, payload, length) == 0);
        }
}

int main(void)
{
        guard_init(&guard, 2 * LIMIT);
        RUN(test_cases);
        RUN(test_least_size);
        RUN(test_limits);
        RUN(test_size);
        RUN(test_format);
        RUN(test_format_without_room);
        RUN(test_format_in_place);
        RUN(test_round_trip);
        guard_fini(&guard);
        return check_done();
}
