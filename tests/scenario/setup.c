/* SPDX-License-Identifier: MIT */
/* Set-up errors stick, limits have ranges, NULL is no crash. */
#include "harness.h"

#include "check.h"

static char text[] = "text";

static void test_the_first_error_sticks(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        struct socketmap_error error = {.code = 1, .text = "untouched"};

        CHECK_INT(socketmap_server_get_error(server, &error), 0);
        CHECK_INT(error.code, 1);
        CHECK_STR(error.text, "untouched");
        CHECK_INT(socketmap_server_add_map(
                          server, "m", look_and_say, text, SOCKETMAP_INLINE),
                0);
        CHECK_INT(socketmap_server_add_map(
                          server, "m", look_and_say, text, SOCKETMAP_INLINE),
                -EEXIST);
        CHECK_INT(socketmap_server_add_map(
                          server, "a b", look_and_say, text, SOCKETMAP_INLINE),
                -EINVAL);
        CHECK_INT(
                socketmap_server_add_map(server, "f", look_and_say, text, 0x40),
                -EINVAL);
        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL), 0);
        CHECK_INT(socketmap_server_get_error(server, &error), 1);
        CHECK_INT(error.code, -EEXIST);
        CHECK(strlen(error.text) > 0);
        CHECK(strchr(error.text, '\n') == NULL);
        CHECK_INT(socketmap_server_get_error(server, NULL), 1);
        CHECK_INT(socketmap_server_run(server), -EEXIST);
        CHECK_INT(socketmap_server_dispatch(server), -EEXIST);
        CHECK_INT(socketmap_server_run(server), -EEXIST);
        socketmap_server_free(server);
}

/* Each call that can fail while a server is set up makes run return its error
 * when it was the first. */
static int error_of(int call, struct socketmap_server *server)
{
        char long_path[300];

        switch (call) {
        case 0:
                return socketmap_server_add_map(
                        server, " ", look_and_say, text, 0);
        case 1:
                return socketmap_server_set_default_map(
                        server, look_and_say, text, 0x100);
        case 2:
                return socketmap_server_listen(server, "nonsense", NULL);
        case 3:
                return socketmap_server_listen(
                        server, "unix:/nonexistent/folder/s", NULL);
        default:
                memset(long_path, 'x', sizeof(long_path));
                memcpy(long_path, "unix:/", 6);
                long_path[sizeof(long_path) - 1] = '\0';
                return socketmap_server_listen(server, long_path, NULL);
        }
}

static void test_run_tells_what_failed(void)
{
        static const int expected[] = {
                -EINVAL, -EINVAL, -EINVAL, -ENOENT, -ENAMETOOLONG};

        for (int call = 0; call < 5; call++) {
                struct socketmap_server *server =
                        must(socketmap_server_new(), "server");
                struct socketmap_error error = {0};

                CHECK_INT(socketmap_server_listen(
                                  server, "inet:127.0.0.1:0", NULL),
                        0);
                CHECK_INT(error_of(call, server), expected[call]);
                CHECK_INT(socketmap_server_get_error(server, &error), 1);
                CHECK_INT(error.code, expected[call]);
                printf("# %s\n", error.text);
                CHECK_INT(socketmap_server_run(server), expected[call]);
                socketmap_server_free(server);
        }
}

static void test_limits_have_ranges(void)
{
        static const struct {
                enum socketmap_limit limit;
                uint64_t least, most;
        } cases[] = {
                {SOCKETMAP_LIMIT_REQUEST_SIZE, 1, 16 << 20},
                {SOCKETMAP_LIMIT_REPLY_SIZE, 64, 16 << 20},
                {SOCKETMAP_LIMIT_DEADLINE, 1, 90000},
                {SOCKETMAP_LIMIT_PARTIAL, 1, 86400000},
                {SOCKETMAP_LIMIT_STALL, 1, 86400000},
                {SOCKETMAP_LIMIT_CONNECTIONS, 1, 1000000},
        };
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                enum socketmap_limit limit = cases[i].limit;

                CHECK_INT(socketmap_server_set_limit(
                                  server, limit, cases[i].least - 1),
                        -ERANGE);
                CHECK_INT(socketmap_server_set_limit(
                                  server, limit, cases[i].most + 1),
                        -ERANGE);
                CHECK_INT(socketmap_server_set_limit(server, limit, UINT64_MAX),
                        -ERANGE);
                CHECK_INT(socketmap_server_set_limit(
                                  server, limit, cases[i].least),
                        0);
                CHECK_INT(socketmap_server_set_limit(
                                  server, limit, cases[i].most),
                        0);
        }
        CHECK_INT(
                socketmap_server_set_limit(server, (enum socketmap_limit)0, 5),
                -EINVAL);
        CHECK_INT(
                socketmap_server_set_limit(server, (enum socketmap_limit)9, 5),
                -EINVAL);
        socketmap_server_free(server);
}

static void test_no_server(void)
{
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");
        char endpoint[64];
        int fds[2];

        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
        CHECK_INT(socketmap_server_add_map(NULL, "m", look_and_say, text, 0),
                -ENOMEM);
        CHECK_INT(socketmap_server_set_default_map(NULL, look_and_say, text, 0),
                -ENOMEM);
        CHECK_INT(socketmap_server_set_maps(NULL, maps), -ENOMEM);
        CHECK_INT(socketmap_server_listen(NULL, "inet:0", NULL), -ENOMEM);
        CHECK_INT(socketmap_server_listen_fd(NULL, some_listener(), NULL),
                -ENOMEM);
        CHECK_INT(socketmap_server_serve_fd(NULL, fds[0]), -ENOMEM);
        CHECK_STR(answer(fds[1]), "(end)");
        CHECK_INT(socketmap_server_get_endpoint(
                          NULL, 0, endpoint, sizeof(endpoint)),
                -ENOMEM);
        CHECK_INT(socketmap_server_set_limit(NULL, SOCKETMAP_LIMIT_DEADLINE, 5),
                -ENOMEM);
        CHECK_INT(socketmap_server_run(NULL), -ENOMEM);
        CHECK_INT(socketmap_server_drain(NULL, 0), -ENOMEM);
        CHECK_INT(socketmap_server_get_fd(NULL), -ENOMEM);
        CHECK_INT(socketmap_server_dispatch(NULL), -ENOMEM);
        socketmap_server_stop(NULL);
        socketmap_server_free(NULL);
        socketmap_maps_free(maps);
        close(fds[1]);
}

static void test_counter_names(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        CHECK_STR(socketmap_counter_name(SOCKETMAP_COUNT_BAD_FRAMES),
                "bad_frames");
        CHECK_STR(socketmap_counter_name(SOCKETMAP_COUNT_ACCEPTED), "accepted");
        CHECK_STR(socketmap_counter_name(SOCKETMAP_COUNT_MEMORY), "memory");
        CHECK(socketmap_counter_name((enum socketmap_counter)0) == NULL);
        CHECK(socketmap_counter_name((enum socketmap_counter)(
                      SOCKETMAP_COUNT_LATE + 1)) == NULL);
        for (int i = 0; i < SOCKETMAP_COUNT_MEMORY + 3; i++) {
                enum socketmap_counter counter = (enum socketmap_counter)i;
                const char *name = socketmap_counter_name(counter);

                CHECK_INT(socketmap_server_get_count(server, counter), 0);
                for (int j = 1; name != NULL && j < i; j++)
                        CHECK(strcmp(name,
                                      socketmap_counter_name(
                                              (enum socketmap_counter)j)) != 0);
        }
        socketmap_server_free(server);
}

static void test_default_map(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        char other[] = "default";
        struct running running;
        int client;

        CHECK_INT(socketmap_server_set_default_map(
                          server, look_and_say, other, SOCKETMAP_INLINE),
                0);
        CHECK_INT(socketmap_server_add_map(
                          server, "m", look_and_say, text, SOCKETMAP_INLINE),
                0);
        CHECK_INT(socketmap_server_add_map(
                          server, "", look_and_say, text, SOCKETMAP_INLINE),
                0);
        running_start(&running, server);
        client = connect_to(server);
        ask(client, "m", "");
        CHECK_STR(answer(client), "OK text");
        ask(client, "", "");
        CHECK_STR(answer(client), "OK text");
        ask(client, "x", "");
        CHECK_STR(answer(client), "OK default");
        ask(client, "mm", "");
        CHECK_STR(answer(client), "OK default");
        CHECK_INT(running_end(&running), 0);
        close(client);
}

static void test_a_thousand_maps(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        static char names[1000][16];
        struct running running;
        int client;

        for (int i = 0; i < 1000; i++) {
                snprintf(names[i], sizeof(names[i]), "map-%d", i * 7919);
                CHECK_INT(socketmap_server_add_map(server, names[i],
                                  look_and_say, names[i], SOCKETMAP_INLINE),
                        0);
        }
        running_start(&running, server);
        client = connect_to(server);
        for (int i = 0; i < 1000; i++) {
                ask(client, names[i], "");
                CHECK_STR(answer(client) + 3, names[i]);
        }
        ask(client, "map-1", "");
        CHECK(starts_with(answer(client), "TEMP "));
        CHECK_INT(running_end(&running), 0);
        close(client);
}

int main(void)
{
        RUN(test_the_first_error_sticks);
        RUN(test_run_tells_what_failed);
        RUN(test_limits_have_ranges);
        RUN(test_no_server);
        RUN(test_counter_names);
        RUN(test_default_map);
        RUN(test_a_thousand_maps);
        return check_done();
}
