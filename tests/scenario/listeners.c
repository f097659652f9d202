/* SPDX-License-Identifier: MIT */
/*
 * Listeners one by one: their names, filters, maps and files, and how they end
 * while the server goes on. The server is dispatched by the test.
 */
#include "harness.h"

#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

static char usual[] = "usual", own[] = "own", other[] = "other";
static char folder[] = "/tmp/socketmap-XXXXXX", paths[3][64];
static struct mailbox box = MAILBOX_INIT;

static struct socketmap_server *usual_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "say", look_and_say, usual, SOCKETMAP_INLINE);
        return server;
}

/* A set with the maps "say" and "hold"; freed is NULL, or counts its end. */
static struct socketmap_maps *maps_saying(char *text, void (*freed)(void *text))
{
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");

        must_be_zero(socketmap_maps_add(maps, "say", look_and_say, text, freed,
                             SOCKETMAP_INLINE),
                "map");
        must_be_zero(socketmap_maps_add(maps, "hold", look_and_hold, &box, NULL,
                             SOCKETMAP_INLINE),
                "map");
        return maps;
}

static struct socketmap_listen_options *options_of(
        const char *name, struct socketmap_maps *maps)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");

        must_be_zero(socketmap_listen_options_set_name(options, name), "name");
        socketmap_listen_options_set_maps(options, maps);
        return options;
}

/* Listens on the n-th path. Takes maps and options; both may be NULL. */
static int listen_at(struct socketmap_server *server, int n, const char *name,
        struct socketmap_maps *maps)
{
        struct socketmap_listen_options *options = options_of(name, maps);
        char endpoint[80];
        int r;

        snprintf(endpoint, sizeof(endpoint), "unix:%s", paths[n]);
        r = socketmap_server_listen(server, endpoint, options);
        socketmap_listen_options_free(options);
        socketmap_maps_free(maps);
        return r;
}

static int try_connect(int n)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, paths[n], strlen(paths[n]) + 1);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        close(fd);
        return -1;
}

static int connect_at(int n)
{
        int fd = try_connect(n);

        if (fd < 0)
                must(NULL, "connection");
        return fd;
}

static int turn(struct socketmap_server *server)
{
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};
        int r;

        do
                r = socketmap_server_dispatch(server);
        while (r == 1 && poll(&p, 1, 0) > 0);
        return r;
}

static const char *said(
        struct socketmap_server *server, int client, const char *map)
{
        const char *got = "(silence)";

        ask(client, map, "");
        for (int i = 0; i < PATIENCE && strcmp(got, "(silence)") == 0; i++) {
                turn(server);
                got = answer_within(client, 1);
        }
        return got;
}

static bool exists(int n)
{
        struct stat status;

        return lstat(paths[n], &status) == 0;
}

static uint64_t count_of(
        struct socketmap_server *server, enum socketmap_counter counter)
{
        return socketmap_server_get_count(server, counter);
}

/* --- names --- */

static void test_names(void)
{
        struct socketmap_server *server = usual_server();
        static const char *const names[] = {"a", "", "a"};
        const char *name;
        int fd, listening;
        socklen_t size = sizeof(listening);

        CHECK_INT(listen_at(server, 0, "a", NULL), 0);
        CHECK_INT(listen_at(server, 1, NULL, NULL), 0);
        CHECK_INT(listen_at(server, 2, "a", NULL), 0);
        for (size_t n = 0; n < 3; n++) {
                fd = -1;
                CHECK_INT(socketmap_server_get_listener(server, n, &fd, &name),
                        0);
                CHECK_STR(name, names[n]);
                CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
                                  &size),
                        0);
                CHECK_INT(listening, 1);
        }
        CHECK_INT(
                socketmap_server_get_listener(server, 3, &fd, &name), -ENOENT);
        CHECK_INT(socketmap_server_get_listener(NULL, 0, &fd, &name), -ENOENT);
        CHECK_INT(socketmap_server_close_listener(server, "b"), 0);
        CHECK_INT(socketmap_server_close_listener(NULL, "a"), 0);
        CHECK_INT(socketmap_server_close_listener(server, "a"), 2);
        CHECK(!exists(0) && exists(1) && !exists(2));
        CHECK_INT(socketmap_server_get_listener(server, 0, &fd, &name), 0);
        CHECK_STR(name, "");
        CHECK_INT(
                socketmap_server_get_listener(server, 1, &fd, &name), -ENOENT);
        socketmap_server_free(server);
}

static void test_options_without_memory_or_value(void)
{
        struct socketmap_listen_options *options = options_of("a", NULL);
        struct socketmap_server *server = usual_server();
        const char *name;
        int fd;

        CHECK_INT(socketmap_listen_options_set_name(NULL, "a"), -ENOMEM);
        CHECK_INT(socketmap_listen_options_set_path(NULL, "a"), -ENOMEM);
        socketmap_listen_options_set_filter(NULL, NULL, NULL);
        CHECK_INT(socketmap_listen_options_set_name(options, "b"), 0);
        CHECK_INT(socketmap_listen_options_set_name(options, NULL), 0);
        CHECK_INT(socketmap_server_listen_fd(server, some_listener(), options),
                0);
        socketmap_listen_options_free(options);
        CHECK_INT(socketmap_server_get_listener(server, 0, &fd, &name), 0);
        CHECK_STR(name, "");
        socketmap_server_free(server);
}

static void test_closing_keeps_connections(void)
{
        struct socketmap_server *server = usual_server();
        int client;

        CHECK_INT(listen_at(server, 0, "a", maps_saying(own, NULL)), 0);
        client = connect_at(0);
        CHECK_STR(said(server, client, "say"), "OK own");
        CHECK_INT(socketmap_server_close_listener(server, "a"), 1);
        CHECK_INT(try_connect(0), -1);
        CHECK_INT(turn(server), 1);
        CHECK_STR(said(server, client, "say"), "OK own");
        CHECK_INT(listen_at(server, 0, "a", maps_saying(other, NULL)), 0);
        CHECK_STR(said(server, client, "say"), "OK other");
        CHECK_INT(socketmap_server_close_listener(server, "a"), 1);
        close(client);
        CHECK_INT(turn(server), 0);
        socketmap_server_free(server);
}

/* --- maps --- */

static void test_other_maps_between_requests(void)
{
        struct socketmap_server *server = usual_server();
        struct socketmap_maps *maps = maps_saying(other, NULL);
        struct socketmap_request *request;
        int clients[3];

        CHECK_INT(listen_at(server, 0, "a", maps_saying(own, NULL)), 0);
        CHECK_INT(listen_at(server, 1, "b", NULL), 0);
        CHECK_INT(listen_at(server, 2, NULL, maps_saying(own, NULL)), 0);
        for (int n = 0; n < 3; n++) {
                clients[n] = connect_at(n);
                CHECK_STR(said(server, clients[n], "say"),
                        n != 1 ? "OK own" : "OK usual");
        }
        ask(clients[0], "hold", "");
        turn(server);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_set_listener_maps(NULL, "a", maps), -ENOMEM);
        CHECK_INT(
                socketmap_server_set_listener_maps(server, "c", maps), -ENOENT);
        CHECK_INT(socketmap_server_set_listener_maps(server, "a", maps), 0);
        CHECK_INT(socketmap_server_set_listener_maps(server, "b", maps), 0);
        CHECK_INT(socketmap_reply_ok(request, "held"), 0);
        socketmap_request_release(request);
        CHECK_STR(said(server, clients[0], "say"), "OK held");
        CHECK_STR(answer_within(clients[0], PATIENCE), "OK other");
        CHECK_STR(said(server, clients[1], "say"), "OK other");
        CHECK_STR(said(server, clients[2], "say"), "OK own");
        CHECK_INT(socketmap_server_set_listener_maps(server, "a", NULL), 0);
        CHECK_STR(said(server, clients[0], "say"), "OK usual");
        CHECK(starts_with(said(server, clients[0], "hold"), "TEMP "));
        CHECK_INT(socketmap_server_set_maps(server, maps), 0);
        CHECK_STR(said(server, clients[0], "say"), "OK other");
        CHECK_STR(said(server, clients[2], "say"), "OK own");
        for (int n = 0; n < 3; n++)
                close(clients[n]);
        socketmap_server_free(server);
        socketmap_maps_free(maps);
}

static int frees;

static void count_free(void *text)
{
        (void)text;
        frees++;
}

/* Maps go with the last one who could ask them. */
static void test_maps_of_closed_listeners_are_freed(void)
{
        struct socketmap_server *server = usual_server();
        int client;

        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        frees = 0;
        CHECK_INT(listen_at(server, 0, "a", maps_saying(own, count_free)), 0);
        CHECK_INT(listen_at(server, 1, NULL, maps_saying(own, count_free)), 0);
        CHECK_INT(listen_at(server, 2, "b", maps_saying(own, count_free)), 0);
        client = connect_at(0);
        CHECK_STR(said(server, client, "say"), "OK own");
        CHECK_INT(socketmap_server_close_listener(server, "a"), 1);
        CHECK_INT(socketmap_server_close_listener(server, "b"), 1);
        turn(server);
        CHECK_INT(frees, 1);
        CHECK_STR(said(server, client, "say"), "OK own");
        close(client);
        turn(server);
        CHECK_INT(frees, 2);
        CHECK_INT(
                socketmap_server_set_listener_maps(server, "a", NULL), -ENOENT);
        socketmap_server_free(server);
        CHECK_INT(frees, 3);
}

/* A call that fails leaves everything as it was. */
static void test_a_failure_changes_no_maps(void)
{
        struct socketmap_server *server = usual_server();
        int client, file;

        frees = 0;
        CHECK_INT(listen_at(server, 0, "a", maps_saying(own, NULL)), 0);
        client = connect_at(0);
        file = open(paths[1], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        close(file);
        CHECK_STR(said(server, client, "say"), "OK own");
        for (int i = 0; i < 3; i++) {
                static const char *const names[] = {"a", "b", NULL};

                CHECK_INT(listen_at(server, 1, names[i],
                                  maps_saying(other, count_free)),
                        -EEXIST);
                turn(server);
                CHECK_INT(frees, i + 1);
        }
        CHECK_STR(said(server, client, "say"), "OK own");
        unlink(paths[1]);
        close(client);
        socketmap_server_free(server);
}

/* --- filters --- */

/* What a filter says, and what else it does. */
struct verdict {
        struct socketmap_server *server;
        int admits;
        int asked;
        const char *closes; /* the name of the listeners that it closes */
};

static int judge(void *ctx, int fd)
{
        struct verdict *verdict = ctx;

        verdict->asked++;
        CHECK(fcntl(fd, F_GETFD) >= 0);
        if (verdict->closes != NULL)
                CHECK(socketmap_server_close_listener(
                              verdict->server, verdict->closes) > 0);
        return verdict->admits;
}

static void listen_judged(struct verdict *verdict, int n, const char *name)
{
        struct socketmap_listen_options *options = options_of(name, NULL);
        char endpoint[80];

        snprintf(endpoint, sizeof(endpoint), "unix:%s", paths[n]);
        socketmap_listen_options_set_filter(options, judge, verdict);
        must_be_zero(
                socketmap_server_listen(verdict->server, endpoint, options),
                "listen");
        socketmap_listen_options_free(options);
}

static void test_a_filter_refuses_and_admits(void)
{
        struct verdict verdict = {.server = usual_server()};
        int client;

        listen_judged(&verdict, 0, NULL);
        CHECK_INT(listen_at(verdict.server, 1, NULL, NULL), 0);
        for (int n = 1; n <= 5; n++) {
                client = connect_at(0);
                turn(verdict.server);
                CHECK_STR(answer_within(client, 0), "(end)");
                CHECK_INT(verdict.asked, n);
                CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_REFUSED), n);
                CHECK_INT(
                        count_of(verdict.server, SOCKETMAP_COUNT_ACCEPTED), 0);
                close(client);
        }
        client = connect_at(1);
        CHECK_STR(said(verdict.server, client, "say"), "OK usual");
        close(client);
        verdict.admits = 1;
        client = connect_at(0);
        CHECK_STR(said(verdict.server, client, "say"), "OK usual");
        CHECK_INT(verdict.asked, 6);
        CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_REFUSED), 5);
        close(client);
        socketmap_server_free(verdict.server);
}

/* Who is refused takes nobody's place. */
static void test_who_is_refused_evicts_nobody(void)
{
        struct verdict verdict = {.server = usual_server()};
        int clients[3], refused;

        must_be_zero(socketmap_server_set_limit(
                             verdict.server, SOCKETMAP_LIMIT_CONNECTIONS, 3),
                "limit");
        listen_judged(&verdict, 0, NULL);
        CHECK_INT(listen_at(verdict.server, 1, NULL, NULL), 0);
        for (int n = 0; n < 3; n++) {
                clients[n] = connect_at(1);
                CHECK_STR(said(verdict.server, clients[n], "say"), "OK usual");
        }
        refused = connect_at(0);
        turn(verdict.server);
        CHECK_STR(answer_within(refused, PATIENCE), "(end)");
        close(refused);
        for (int n = 0; n < 3; n++)
                CHECK_STR(said(verdict.server, clients[n], "say"), "OK usual");
        CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_EVICTED), 0);
        CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_REFUSED), 1);
        verdict.admits = 1;
        refused = connect_at(0);
        CHECK_STR(said(verdict.server, refused, "say"), "OK usual");
        CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_EVICTED), 1);
        CHECK_INT(count_of(verdict.server, SOCKETMAP_COUNT_CONNECTIONS), 3);
        close(refused);
        for (int n = 0; n < 3; n++)
                close(clients[n]);
        socketmap_server_free(verdict.server);
}

/* A filter may close its own listener; who was admitted is served. */
static void test_a_filter_that_closes_its_listener(void)
{
        for (int admits = 0; admits < 2; admits++) {
                struct verdict verdict = {.server = usual_server(),
                        .admits = admits,
                        .closes = "a"};
                int clients[2];

                must_be_zero(socketmap_server_listen_fd(
                                     verdict.server, some_listener(), NULL),
                        "listen_fd");
                listen_judged(&verdict, 0, "a");
                for (int n = 0; n < 2; n++)
                        clients[n] = connect_at(0);
                turn(verdict.server);
                CHECK_INT(verdict.asked, 1);
                CHECK_INT(turn(verdict.server), 1);
                if (admits)
                        CHECK_STR(said(verdict.server, clients[0], "say"),
                                "OK usual");
                else
                        CHECK_STR(answer_within(clients[0], 0), "(end)");
                CHECK_STR(answer_within(clients[1], 0), "(end)");
                for (int n = 0; n < 2; n++)
                        close(clients[n]);
                CHECK_INT(turn(verdict.server), 1);
                socketmap_server_free(verdict.server);
        }
}

/* --- files --- */

static int listening_at(int n)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, paths[n], strlen(paths[n]) + 1);
        if (fd < 0 ||
                bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                listen(fd, 10) < 0)
                must(NULL, "listening socket");
        return fd;
}

/* Listens on a descriptor whose file is the n-th path. */
static int adopt(struct socketmap_server *server, int fd, const char *path)
{
        struct socketmap_listen_options *options = options_of("a", NULL);
        int r;

        must_be_zero(socketmap_listen_options_set_path(options, path), "path");
        r = socketmap_server_listen_fd(server, fd, options);
        socketmap_listen_options_free(options);
        return r;
}

static void test_a_file_that_is_ours(void)
{
        struct socketmap_server *server = usual_server();

        CHECK_INT(adopt(server, listening_at(0), paths[0]), 0);
        socketmap_server_free(server);
        CHECK(!exists(0));
        server = usual_server();
        CHECK_INT(adopt(server, listening_at(0), paths[0]), 0);
        CHECK_INT(socketmap_server_close_listener(server, "a"), 1);
        CHECK(!exists(0));
        socketmap_server_free(server);
        server = usual_server();
        CHECK_INT(adopt(server, listening_at(0), NULL), 0);
        socketmap_server_free(server);
        CHECK(exists(0));
        unlink(paths[0]);
}

static void test_a_file_that_is_not_ours_any_more(void)
{
        struct socketmap_server *server = usual_server();
        int fd;

        CHECK_INT(adopt(server, listening_at(0), paths[0]), 0);
        must_be_zero(rename(paths[0], paths[1]), "rename");
        fd = listening_at(0);
        socketmap_server_free(server);
        CHECK(exists(0));
        close(fd);
        unlink(paths[0]);
        unlink(paths[1]);
}

static bool is_closed(int fd)
{
        return fcntl(fd, F_GETFD) < 0;
}

static void test_files_that_cannot_be_ours(void)
{
        struct socketmap_server *server = usual_server();
        char long_path[200];
        int fd = some_listener();

        memset(long_path, 'x', sizeof(long_path));
        long_path[0] = '/';
        long_path[sizeof(long_path) - 1] = '\0';
        CHECK_INT(adopt(server, fd, paths[0]), -ENOENT);
        CHECK(is_closed(fd));
        CHECK_INT(adopt(server, some_listener(), long_path), -ENAMETOOLONG);
        close(open(paths[0], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        fd = some_listener();
        CHECK_INT(adopt(server, fd, paths[0]), -EEXIST);
        CHECK(is_closed(fd));
        CHECK(exists(0));
        unlink(paths[0]);
        close(listening_at(0));
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must_be_zero(listen(fd, 1), "listen");
        CHECK_INT(adopt(server, fd, paths[0]), -EINVAL);
        CHECK(is_closed(fd));
        socketmap_server_free(server);
        CHECK(exists(0));
        unlink(paths[0]);
}

/* --- a server that ends --- */

static void test_no_new_listener_while_it_drains(void)
{
        struct socketmap_server *server = usual_server();
        struct socketmap_maps *maps = maps_saying(own, NULL);
        struct socketmap_request *request;
        int client = connect_to(server), fd = some_listener();

        CHECK_INT(socketmap_server_set_maps(server, maps), 0);
        socketmap_maps_free(maps);
        ask(client, "hold", "");
        turn(server);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        CHECK_INT(turn(server), 1);
        CHECK_INT(listen_at(server, 0, NULL, NULL), -ECANCELED);
        CHECK(!exists(0));
        CHECK_INT(socketmap_server_listen_fd(server, fd, NULL), -ECANCELED);
        CHECK(is_closed(fd));
        socketmap_request_release(request);
        CHECK_INT(turn(server), 0);
        CHECK(starts_with(answer_within(client, 0), "TEMP "));
        close(client);
        socketmap_server_free(server);
}

int main(void)
{
        must(mkdtemp(folder), "folder");
        for (int n = 0; n < 3; n++)
                snprintf(paths[n], sizeof(paths[n]), "%s/socket%d", folder, n);
        RUN(test_names);
        RUN(test_options_without_memory_or_value);
        RUN(test_closing_keeps_connections);
        RUN(test_other_maps_between_requests);
        RUN(test_maps_of_closed_listeners_are_freed);
        RUN(test_a_failure_changes_no_maps);
        RUN(test_a_filter_refuses_and_admits);
        RUN(test_who_is_refused_evicts_nobody);
        RUN(test_a_filter_that_closes_its_listener);
        RUN(test_a_file_that_is_ours);
        RUN(test_a_file_that_is_not_ours_any_more);
        RUN(test_files_that_cannot_be_ours);
        RUN(test_no_new_listener_while_it_drains);
        rmdir(folder);
        return check_done();
}
