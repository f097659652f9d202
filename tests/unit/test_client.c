/* SPDX-License-Identifier: MIT */
/* The client against servers that answer well, badly, late or not at all. */
#include "support/check.h"
#include "support/scripted_server.h"

#include <errno.h>
#include <socketmap/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int family;
static struct scripted_server server;
static struct socketmap_client *client;

static void start(const struct turn *turns, size_t count)
{
        scripted_server_start(&server, family, turns, count);
        CHECK_INT(socketmap_client_new(server.endpoint, &client, NULL), 0);
        socketmap_client_set_timeout(client, 20000);
}

#define START(turns) start((turns), COUNT(turns))

/* Ends both, and checks how many connections the client has made. */
static void stop(size_t accepted)
{
        socketmap_client_free(client);
        scripted_server_stop(&server);
        CHECK_INT(server.accepted, accepted);
        scripted_server_fini(&server);
}

static void check_lookup(
        const char *key, enum socketmap_status status, const char *text)
{
        struct socketmap_result result = {0};
        struct socketmap_error error = {0, "no error"};

        CHECK_INT(socketmap_client_lookup(
                          client, "map", key, strlen(key), &result, &error),
                0);
        CHECK_STR(error.text, "no error");
        CHECK_INT(result.status, status);
        CHECK_STR(result.text, text);
        CHECK(result.text && result.size == strlen(text));
}

static void check_failure(int expected)
{
        struct socketmap_result result = {0};
        struct socketmap_error error = {0};

        CHECK_INT(socketmap_client_lookup(
                          client, "map", "key", 3, &result, &error),
                expected);
        CHECK_INT(error.code, expected);
        CHECK(strstr(error.text, server.endpoint) != NULL);
        CHECK_INT(result.status, 0);
}

static void test_one_connection(void)
{
        static const struct turn turns[] = {
                {BYTES("8:OK value,")},
                {BYTES("9:NOTFOUND ,")},
                {BYTES("2:OK,")},
                {BYTES("3:OK ,")},
                {BYTES("9:TEMP down,")},
                {BYTES("12:TIMEOUT slow,")},
                {BYTES("8:PERM bad,")},
                {BYTES("10:OK value 2,")},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "value");
        check_lookup("b", SOCKETMAP_NOTFOUND, "");
        check_lookup("c", SOCKETMAP_OK, "");
        check_lookup("d", SOCKETMAP_OK, "");
        check_lookup("e", SOCKETMAP_TEMP, "down");
        check_lookup("f", SOCKETMAP_TIMEOUT, "slow");
        check_lookup("g", SOCKETMAP_PERM, "bad");
        check_lookup("user@example.org", SOCKETMAP_OK, "value 2");
        stop(1);
}

static void test_request_bytes(void)
{
        static const struct turn turns[] = {{BYTES("5:OK \0v,")}};
        struct socketmap_result result = {0};

        START(turns);
        CHECK_INT(socketmap_client_lookup(
                          client, "map", "a b\0c\n,", 7, &result, NULL),
                0);
        CHECK(result.size == 2 && memcmp(result.text, "\0v\0", 3) == 0);
        scripted_server_wait(&server);
        CHECK_INT(server.request_size, 15);
        CHECK(memcmp(server.request, "11:map a b\0c\n,,", 15) == 0);
        stop(1);
}

static void test_chunks(void)
{
        static const struct turn turns[] = {
                {BYTES("8:OK value,"), .chunk = 1},
                {BYTES("12:OK two parts,"), .chunk = 7},
                {BYTES("3:OK ,"), .chunk = 2},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "value");
        check_lookup("b", SOCKETMAP_OK, "two parts");
        check_lookup("c", SOCKETMAP_OK, "");
        stop(1);
}

static void test_close_once(void)
{
        static const struct turn turns[] = {
                {.closes = 1},
                {BYTES("8:OK value,")},
                {BYTES("9:OK second,")},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "value");
        check_lookup("b", SOCKETMAP_OK, "second");
        stop(2);
}

static void test_close_always(void)
{
        static const struct turn turns[] = {
                {.closes = 1},
                {.closes = 1},
                {BYTES("8:OK value,")},
        };

        START(turns);
        check_failure(-ECONNRESET);
        check_lookup("a", SOCKETMAP_OK, "value");
        stop(3);
}

static void test_partial_once(void)
{
        static const struct turn turns[] = {
                {BYTES("8:OK va"), .closes = 1},
                {BYTES("8:OK value,")},
                {BYTES("8"), .closes = 1},
                {BYTES("9:OK second,")},
                {BYTES("8:OK third"), .closes = 1},
                {BYTES("8:OK third,")},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "value");
        check_lookup("b", SOCKETMAP_OK, "second");
        check_lookup("c", SOCKETMAP_OK, "third");
        stop(4);
}

static void test_partial_always(void)
{
        static const struct turn turns[] = {
                {BYTES("8:OK va"), .closes = 1},
                {BYTES("8:OK value"), .closes = 1},
        };

        START(turns);
        check_failure(-ECONNRESET);
        stop(2);
}

/* A server may close an idle connection: that costs no try. */
static void test_close_when_idle(void)
{
        static const struct turn turns[] = {
                {BYTES("6:OK one,"), .closes = 1},
                {.closes = 1},
                {BYTES("6:OK two,")},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "one");
        scripted_server_wait(&server);
        check_lookup("b", SOCKETMAP_OK, "two");
        stop(3);
}

/* The server closes with the request unread: a reset, and no SIGPIPE. */
static void test_reset(void)
{
        static const struct turn turns[] = {
                {.closes = 1, .unread = 1},
                {.closes = 1, .unread = 1},
                {BYTES("8:OK value,")},
        };
        size_t size = 4 << 20;
        char *key = calloc(1, size);
        struct socketmap_result result;
        struct socketmap_error error;

        START(turns);
        CHECK_INT(socketmap_client_lookup(
                          client, "map", key, size, &result, &error),
                -ECONNRESET);
        CHECK_INT(socketmap_client_lookup(
                          client, "map", key, size, &result, &error),
                0);
        stop(3);
        free(key);
}

static void test_malformed(void)
{
        static const struct turn turns[] = {
                {BYTES("hello")},
                {BYTES("0:,")},
                {BYTES("5:BOGUS,")},
                {BYTES("8:ok value,")},
                {BYTES("8:OK value;")},
                {BYTES("08:OK value,")},
                {BYTES("8:OK value,")},
        };
        size_t i;

        START(turns);
        for (i = 0; i < COUNT(turns) - 1; i++)
                check_failure(-EPROTO);
        check_lookup("a", SOCKETMAP_OK, "value");
        stop(COUNT(turns));
}

static void test_largest_reply(void)
{
        size_t length = SOCKETMAP_REPLY_SIZE_MAX, size = length + 8;
        char *reply = malloc(size + 1), *text = calloc(1, length - 2);
        struct turn turns[] = {{.bytes = reply, .size = size},
                {.bytes = reply, .size = size, .chunk = 9999}};

        memset(text, 'v', length - 3);
        CHECK_INT(snprintf(reply, size + 1, "100000:OK %s,", text), size);
        START(turns);
        check_lookup("a", SOCKETMAP_OK, text);
        check_lookup("b", SOCKETMAP_OK, text);
        stop(1);
        free(reply);
        free(text);
}

static void test_oversize(void)
{
        static const struct turn turns[] = {
                {BYTES("100001:OK ")},
                {BYTES("100001")},
                {BYTES("99999999999999999999999:")},
                {BYTES("8:OK value,")},
        };

        START(turns);
        check_failure(-EMSGSIZE);
        check_failure(-EMSGSIZE);
        check_failure(-EMSGSIZE);
        check_lookup("a", SOCKETMAP_OK, "value");
        stop(4);
}

static void test_reply_limit(void)
{
        static const struct turn turns[] = {
                {BYTES("8:OK value,")},
                {BYTES("9:OK value2,")},
        };

        START(turns);
        socketmap_client_set_reply_limit(client, 8);
        check_lookup("a", SOCKETMAP_OK, "value");
        check_failure(-EMSGSIZE);
        stop(1);
}

/* What nobody has asked for is never the next key's answer. */
static void test_unsolicited(void)
{
        static const struct turn turns[] = {
                {BYTES("6:OK one,8:OK wrong,")},
                {BYTES("6:OK two,\r\n")},
                {BYTES("8:OK three,"), .later = "8:OK wrong,"},
                {BYTES("7:OK four,")},
        };

        START(turns);
        check_lookup("a", SOCKETMAP_OK, "one");
        check_lookup("b", SOCKETMAP_OK, "two");
        scripted_server_wait(&server);
        scripted_server_wait(&server);
        check_lookup("c", SOCKETMAP_OK, "three");
        scripted_server_wait(&server);
        check_lookup("d", SOCKETMAP_OK, "four");
        stop(4);
}

static void test_timeout(void)
{
        static const struct turn turns[] = {
                {0},
                {BYTES("8:OK va")},
                {BYTES("8:OK value,")},
        };

        START(turns);
        socketmap_client_set_timeout(client, 300);
        check_failure(-ETIMEDOUT);
        check_failure(-ETIMEDOUT);
        socketmap_client_set_timeout(client, 20000);
        check_lookup("a", SOCKETMAP_OK, "value");
        stop(3);
}

static void test_name_with_space(void)
{
        static const struct turn turns[] = {{BYTES("8:OK value,")}};
        struct socketmap_result result;
        struct socketmap_error error = {0};

        START(turns);
        CHECK_INT(socketmap_client_lookup(
                          client, "a b", "key", 3, &result, &error),
                -EINVAL);
        CHECK_INT(error.code, -EINVAL);
        CHECK(strstr(error.text, "a b") != NULL);
        check_lookup("a", SOCKETMAP_OK, "value");
        stop(1);
}

#define RUN_BOTH(test)                     \
        do {                               \
                family = AF_UNIX;          \
                test();                    \
                check_case(#test " unix"); \
                family = AF_INET;          \
                test();                    \
                check_case(#test " inet"); \
        } while (0)

/* Returns the lowest free descriptor: a higher one later tells of a leak. */
static int find_free_descriptor(void)
{
        int fd = dup(STDOUT_FILENO);

        close(fd);
        return fd;
}

int main(void)
{
        int descriptor = find_free_descriptor();

        RUN_BOTH(test_one_connection);
        RUN_BOTH(test_request_bytes);
        RUN_BOTH(test_chunks);
        RUN_BOTH(test_close_once);
        RUN_BOTH(test_close_always);
        RUN_BOTH(test_partial_once);
        RUN_BOTH(test_partial_always);
        RUN_BOTH(test_close_when_idle);
        RUN_BOTH(test_reset);
        RUN_BOTH(test_malformed);
        RUN_BOTH(test_largest_reply);
        RUN_BOTH(test_oversize);
        RUN_BOTH(test_reply_limit);
        RUN_BOTH(test_unsolicited);
        RUN_BOTH(test_timeout);
        RUN_BOTH(test_name_with_space);
        CHECK_INT(find_free_descriptor(), descriptor);
        check_case("no descriptor is left open");
        return check_done();
}
