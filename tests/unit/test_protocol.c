/* SPDX-License-Identifier: MIT */
/* Requests and results, to and from bytes. */
#include "codec_guard.h"
#include "support/check.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
#include <stdint.h>
#include <stdlib.h>

#define BYTES(text) (text), sizeof(text) - 1

static struct guard guard;

static void check_request(const char *payload, size_t size, const char *name,
        size_t name_size, const char *key, size_t key_size)
{
        const char *start = guard_place(&guard, payload, size);
        const char *found_name, *found_key;
        size_t found_name_size, found_key_size;

        CHECK_INT(socketmap_request_parse(start, size, &found_name,
                          &found_name_size, &found_key, &found_key_size),
                0);
        CHECK(found_name == start);
        CHECK(found_name_size == name_size &&
                memcmp(found_name, name, name_size) == 0);
        CHECK(found_key + found_key_size == start + size);
        CHECK(found_key_size == key_size &&
                memcmp(found_key, key, key_size) == 0);
}

static void test_request_parse(void)
{
        check_request(BYTES("virtual user@example.org"), BYTES("virtual"),
                BYTES("user@example.org"));
        check_request(BYTES(" "), BYTES(""), BYTES(""));
        check_request(BYTES("name "), BYTES("name"), BYTES(""));
        check_request(BYTES(" key"), BYTES(""), BYTES("key"));
        check_request(BYTES("a b c"), BYTES("a"), BYTES("b c"));
        check_request(BYTES("a  b "), BYTES("a"), BYTES(" b "));
        check_request(BYTES("a\tb c"), BYTES("a\tb"), BYTES("c"));
        check_request(BYTES("a \0\n\xff"), BYTES("a"), BYTES("\0\n\xff"));
        check_request(BYTES("a\0b c"), BYTES("a\0b"), BYTES("c"));
}

static void check_no_request(const char *payload, size_t size)
{
        const char *name = "n", *key = "k";
        size_t name_size = 77, key_size = 88;

        CHECK_INT(socketmap_request_parse(guard_place(&guard, payload, size),
                          size, &name, &name_size, &key, &key_size),
                -EBADMSG);
        CHECK_STR(name, "n");
        CHECK_STR(key, "k");
        CHECK(name_size == 77 && key_size == 88);
}

static void test_request_without_space(void)
{
        check_no_request(BYTES(""));
        check_no_request(BYTES("name"));
        check_no_request(BYTES("name\tkey"));
        check_no_request(BYTES("name\0key\n"));
}

static void check_request_format(const char *name, size_t name_size,
        const char *key, size_t key_size, const char *wire, size_t wire_size)
{
        char *out = guard.end - wire_size;
        size_t size = 777, room;

        CHECK_INT(socketmap_request_wire_size(name_size, key_size), wire_size);
        for (room = 0; room < wire_size; room++) {
                memset(out, '#', wire_size);
                CHECK_INT(socketmap_request_format(name, name_size, key,
                                  key_size, out, room, &size),
                        -ENOBUFS);
                CHECK(out[0] == '#' &&
                        memcmp(out, out + 1, wire_size - 1) == 0);
        }
        CHECK_INT(size, 777);
        CHECK_INT(socketmap_request_format(name, name_size, key, key_size, out,
                          wire_size, &size),
                0);
        CHECK_INT(size, wire_size);
        CHECK(memcmp(out, wire, wire_size) == 0);
}

static void test_request_format(void)
{
        check_request_format(BYTES("virtual"), BYTES("user@example.org"),
                BYTES("24:virtual user@example.org,"));
        check_request_format(BYTES("a"), BYTES("b c"), BYTES("5:a b c,"));
        check_request_format(BYTES("a"), BYTES("\0\n"), BYTES("4:a \0\n,"));
        check_request_format(BYTES(""), BYTES("key"), BYTES("4: key,"));
        check_request_format(BYTES("name"), NULL, 0, BYTES("5:name ,"));
        check_request_format(NULL, 0, NULL, 0, BYTES("1: ,"));
        check_request_format(
                BYTES("1234"), BYTES("5678"), BYTES("9:1234 5678,"));
        check_request_format(
                BYTES("1234"), BYTES("56789"), BYTES("10:1234 56789,"));
}

static void test_request_name_with_space(void)
{
        char buffer[64] = "#";
        size_t size = 777;

        CHECK_INT(socketmap_request_format(BYTES("a b"), BYTES("key"), buffer,
                          sizeof(buffer), &size),
                -EINVAL);
        CHECK_INT(socketmap_request_format(BYTES(" "), BYTES("key"), buffer,
                          sizeof(buffer), &size),
                -EINVAL);
        CHECK_INT(size, 777);
}

static void test_request_overflow(void)
{
        char buffer[8];
        size_t size = 777;

        CHECK(socketmap_request_wire_size(SIZE_MAX, 0) == SIZE_MAX);
        CHECK(socketmap_request_wire_size(0, SIZE_MAX) == SIZE_MAX);
        CHECK(socketmap_request_wire_size(SIZE_MAX, SIZE_MAX) == SIZE_MAX);
        CHECK(socketmap_request_wire_size(SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1) ==
                SIZE_MAX);
        CHECK(socketmap_request_wire_size(SIZE_MAX - 20, 10) == SIZE_MAX);
        CHECK_INT(socketmap_request_format(
                          "a", 1, "k", SIZE_MAX, buffer, SIZE_MAX, &size),
                -ENOBUFS);
        CHECK_INT(size, 777);
}

static void test_status_name(void)
{
        CHECK_STR(socketmap_status_name(SOCKETMAP_OK), "OK");
        CHECK_STR(socketmap_status_name(SOCKETMAP_NOTFOUND), "NOTFOUND");
        CHECK_STR(socketmap_status_name(SOCKETMAP_TEMP), "TEMP");
        CHECK_STR(socketmap_status_name(SOCKETMAP_TIMEOUT), "TIMEOUT");
        CHECK_STR(socketmap_status_name(SOCKETMAP_PERM), "PERM");
        CHECK(socketmap_status_name((enum socketmap_status)0) == NULL);
        CHECK(socketmap_status_name((enum socketmap_status)6) == NULL);
        CHECK(socketmap_status_name((enum socketmap_status) - 1) == NULL);
}

static void check_result(const char *payload, size_t size,
        enum socketmap_status status, const char *text, size_t text_size)
{
        const char *start = guard_place(&guard, payload, size);
        struct socketmap_result result;

        CHECK_INT(socketmap_result_parse(start, size, &result), 0);
        CHECK_INT(result.status, status);
        CHECK(result.text + result.size == start + size);
        CHECK(result.size == text_size &&
                memcmp(result.text, text, text_size) == 0);
}

static void test_result_parse(void)
{
        check_result(BYTES("OK value"), SOCKETMAP_OK, BYTES("value"));
        check_result(BYTES("OK "), SOCKETMAP_OK, BYTES(""));
        check_result(BYTES("OK"), SOCKETMAP_OK, BYTES(""));
        check_result(BYTES("OK  a b "), SOCKETMAP_OK, BYTES(" a b "));
        check_result(BYTES("OK a\0b"), SOCKETMAP_OK, BYTES("a\0b"));
        check_result(BYTES("NOTFOUND "), SOCKETMAP_NOTFOUND, BYTES(""));
        check_result(BYTES("NOTFOUND"), SOCKETMAP_NOTFOUND, BYTES(""));
        check_result(BYTES("TEMP why"), SOCKETMAP_TEMP, BYTES("why"));
        check_result(BYTES("TEMP"), SOCKETMAP_TEMP, BYTES(""));
        check_result(BYTES("TIMEOUT why"), SOCKETMAP_TIMEOUT, BYTES("why"));
        check_result(BYTES("PERM why"), SOCKETMAP_PERM, BYTES("why"));
}

static void check_no_result(const char *payload, size_t size)
{
        struct socketmap_result result = {SOCKETMAP_PERM, "x", 99};

        CHECK_INT(socketmap_result_parse(
                          guard_place(&guard, payload, size), size, &result),
                -EPROTO);
        CHECK_INT(result.status, SOCKETMAP_PERM);
        CHECK_STR(result.text, "x");
        CHECK_INT(result.size, 99);
}

static void test_result_malformed(void)
{
        check_no_result(BYTES(""));
        check_no_result(BYTES(" "));
        check_no_result(BYTES(" OK value"));
        check_no_result(BYTES("O"));
        check_no_result(BYTES("OKAY value"));
        check_no_result(BYTES("ok value"));
        check_no_result(BYTES("Ok value"));
        check_no_result(BYTES("notfound "));
        check_no_result(BYTES("OK\tvalue"));
        check_no_result(BYTES("OK\0"));
        check_no_result(BYTES("OK\0 value"));
        check_no_result(BYTES("OK\n"));
        check_no_result(BYTES("NOTFOUN"));
        check_no_result(BYTES("NOTFOUND\r\n"));
        check_no_result(BYTES("500 fail"));
        check_no_result(BYTES("BOGUS x"));
}

static void check_result_format(enum socketmap_status status, const char *text,
        size_t text_size, const char *wire, size_t wire_size)
{
        struct socketmap_result result = {status, text, text_size};
        char *out = guard.end - wire_size;
        size_t size = 777, room;

        CHECK_INT(socketmap_result_wire_size(&result), wire_size);
        for (room = 0; room < wire_size; room++) {
                memset(out, '#', wire_size);
                CHECK_INT(
                        socketmap_result_format(&result, 100, out, room, &size),
                        -ENOBUFS);
                CHECK(out[0] == '#' &&
                        memcmp(out, out + 1, wire_size - 1) == 0);
        }
        CHECK_INT(size, 777);
        CHECK_INT(socketmap_result_format(&result, 100, out, wire_size, &size),
                0);
        CHECK_INT(size, wire_size);
        CHECK(memcmp(out, wire, wire_size) == 0);
}

static void test_result_format(void)
{
        check_result_format(SOCKETMAP_OK, BYTES("value"), BYTES("8:OK value,"));
        check_result_format(
                SOCKETMAP_OK, BYTES("values"), BYTES("9:OK values,"));
        check_result_format(
                SOCKETMAP_OK, BYTES("a b, \n"), BYTES("9:OK a b, \n,"));
        check_result_format(
                SOCKETMAP_OK, BYTES("1234567"), BYTES("10:OK 1234567,"));
        check_result_format(SOCKETMAP_OK, NULL, 0, BYTES("3:OK ,"));
        check_result_format(SOCKETMAP_NOTFOUND, NULL, 0, BYTES("9:NOTFOUND ,"));
        check_result_format(SOCKETMAP_TEMP, BYTES("x"), BYTES("6:TEMP x,"));
        check_result_format(
                SOCKETMAP_TIMEOUT, BYTES("x"), BYTES("9:TIMEOUT x,"));
        check_result_format(SOCKETMAP_PERM, BYTES("x"), BYTES("6:PERM x,"));
}

static void check_format_error(enum socketmap_status status, const char *text,
        size_t text_size, size_t limit, int expected)
{
        struct socketmap_result result = {status, text, text_size};
        char buffer[64] = "#";
        size_t size = 777;

        CHECK_INT(socketmap_result_format(
                          &result, limit, buffer, sizeof(buffer), &size),
                expected);
        CHECK_INT(size, 777);
}

static void test_result_format_errors(void)
{
        struct socketmap_result none = {(enum socketmap_status)0, "x", 1};
        struct socketmap_result huge = {SOCKETMAP_OK, "x", SIZE_MAX};

        check_format_error((enum socketmap_status)0, BYTES("x"), 100, -EINVAL);
        check_format_error((enum socketmap_status)6, BYTES("x"), 100, -EINVAL);
        check_format_error(
                (enum socketmap_status) - 1, BYTES("x"), 100, -EINVAL);
        check_format_error(SOCKETMAP_OK, BYTES("a\0b"), 100, -EINVAL);
        check_format_error(SOCKETMAP_TEMP, BYTES("\0"), 100, -EINVAL);
        check_format_error(SOCKETMAP_OK, BYTES("a\0"), 100, -EINVAL);
        check_format_error(SOCKETMAP_OK, BYTES("value"), 7, -EMSGSIZE);
        check_format_error(SOCKETMAP_NOTFOUND, BYTES(""), 8, -EMSGSIZE);
        check_format_error(SOCKETMAP_OK, BYTES(""), 0, -EMSGSIZE);
        CHECK(socketmap_result_wire_size(&none) == SIZE_MAX);
        CHECK(socketmap_result_wire_size(&huge) == SIZE_MAX);
}

/* A reply of exactly the limit goes both ways; a byte more is refused. */
static void check_reply_limit(size_t limit)
{
        char *text = malloc(limit), *buffer = malloc(limit + 16);
        struct socketmap_result result = {SOCKETMAP_OK, text, limit - 3}, back;
        const char *payload;
        size_t size = 777, length, whole;

        memset(text, 'v', limit);
        CHECK_INT(socketmap_result_format(
                          &result, limit, buffer, limit + 16, &size),
                0);
        CHECK_INT(socketmap_netstring_parse(
                          buffer, size, limit, &payload, &length, &whole),
                1);
        CHECK_INT(length, limit);
        CHECK_INT(socketmap_result_parse(payload, length, &back), 0);
        CHECK(back.status == SOCKETMAP_OK && back.size == limit - 3 &&
                memcmp(back.text, text, back.size) == 0);

        result.size++;
        CHECK_INT(socketmap_result_format(
                          &result, limit, buffer, limit + 16, &size),
                -EMSGSIZE);
        free(text);
        free(buffer);
}

static void test_reply_limits(void)
{
        check_reply_limit(64);
        check_reply_limit(SOCKETMAP_REPLY_SIZE_MAX);
        check_reply_limit(SOCKETMAP_REQUEST_SIZE_MAX);
}

int main(void)
{
        guard_init(&guard, 4096);
        RUN(test_request_parse);
        RUN(test_request_without_space);
        RUN(test_request_format);
        RUN(test_request_name_with_space);
        RUN(test_request_overflow);
        RUN(test_status_name);
        RUN(test_result_parse);
        RUN(test_result_malformed);
        RUN(test_result_format);
        RUN(test_result_format_errors);
        RUN(test_reply_limits);
        guard_fini(&guard);
        return check_done();
}
