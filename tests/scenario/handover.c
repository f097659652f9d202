/* SPDX-License-Identifier: MIT */
/*
 * Connections that go from one server to another in the same thread: both are
 * dispatched in turns, so that every step is the test's.
 */
#include "harness.h"

#include "check.h"

#include <fcntl.h>
#include <socketmap/uv.h>
#include <sys/stat.h>
#include <sys/un.h>

static char old_text[] = "old", new_text[] = "new";
static char old_own[] = "old of a", new_own[] = "new of a";
static struct mailbox box = MAILBOX_INIT;

/* A text of 90,000 bytes, larger than what a socket takes at once. */
static void look_and_flood(struct socketmap_request *request, void *ctx)
{
        static char flood[90001];

        (void)ctx;
        memset(flood, 'f', sizeof(flood) - 1);
        socketmap_reply_ok(request, flood);
}

static struct socketmap_server *server_saying(char *text)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "say", look_and_say, text, SOCKETMAP_INLINE);
        socketmap_server_add_map(server, "work", look_and_say, text, 0);
        socketmap_server_add_map(
                server, "hold", look_and_hold, &box, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                server, "flood", look_and_flood, NULL, SOCKETMAP_INLINE);
        return server;
}

/* A set with a map "say" that says the text. */
static struct socketmap_maps *maps_saying(char *text)
{
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");

        must_be_zero(socketmap_maps_add(maps, "say", look_and_say, text, NULL,
                             SOCKETMAP_INLINE),
                "map");
        return maps;
}

/* Listens under a name; maps may be NULL. Returns the endpoint's path. */
static void listen_named(struct socketmap_server *server, int fd,
        const char *name, const char *path, char *text)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");
        struct socketmap_maps *maps = text != NULL ? maps_saying(text) : NULL;

        must_be_zero(socketmap_listen_options_set_name(options, name), "name");
        must_be_zero(socketmap_listen_options_set_path(options, path), "path");
        socketmap_listen_options_set_maps(options, maps);
        must_be_zero(socketmap_server_listen_fd(server, fd, options), "listen");
        socketmap_listen_options_free(options);
        socketmap_maps_free(maps);
}

/* A listening unix socket with this path. */
static int listening_at(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path) + 1);
        if (fd < 0 ||
                bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                listen(fd, 10) < 0)
                must(NULL, "listening socket");
        return fd;
}

static int connect_path(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path) + 1);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                must(NULL, "connection");
        return fd;
}

/* Goes on until the server has nothing to do for now. */
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

/* The next answer, with the server running until it is there. */
static const char *answer_of(struct socketmap_server *server, int client)
{
        for (int i = 0; i < PATIENCE; i++) {
                const char *got;

                turn(server);
                got = answer_within(client, 1);
                if (strcmp(got, "(silence)") != 0)
                        return got;
        }
        return "(silence)";
}

/* Where connections go, and how many have gone. */
struct taker {
        struct socketmap_server *server;
        int given;
        size_t unread;
        char listener[16];
};

static void pass_on(void *ctx, const struct socketmap_connection *connection)
{
        struct taker *taker = ctx;

        taker->given++;
        taker->unread += connection->unread_size;
        snprintf(taker->listener, sizeof(taker->listener), "%s",
                connection->listener);
        must_be_zero(socketmap_server_take(taker->server, connection), "take");
}

/* Lets a server give everything away, which ends it. */
static void give_all(struct socketmap_server *from, struct taker *taker)
{
        CHECK_INT(socketmap_server_give(from, pass_on, taker), 0);
        CHECK_INT(turn(from), 0);
        socketmap_server_free(from);
}

/* --- what is on its way --- */

static void test_a_connection_at_rest(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(from);

        ask(client, "say", "");
        CHECK_STR(answer_of(from, client), "OK old");
        give_all(from, &taker);
        CHECK_INT(taker.given, 1);
        CHECK_INT(taker.unread, 0);
        CHECK_STR(taker.listener, "");
        ask(client, "say", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        ask(client, "work", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        CHECK_INT(turn(taker.server), 0);
        socketmap_server_free(taker.server);
}

/* Two handovers in the middle of one request, at every pair of places. */
static void test_a_request_split_anywhere(void)
{
        static const char bytes[] = "7:say key,";
        size_t size = sizeof(bytes) - 1;

        for (size_t i = 0; i <= size; i++) {
                for (size_t j = i; j <= size; j++) {
                        struct socketmap_server *from = server_saying(old_text);
                        struct taker second = {
                                .server = server_saying(old_text)};
                        struct taker third = {
                                .server = server_saying(new_text)};
                        int client = connect_to(from);

                        send_bytes(client, bytes, i);
                        turn(from);
                        give_all(from, &second);
                        CHECK_INT(second.unread, i < size ? i : 0);
                        send_bytes(client, bytes + i, j - i);
                        turn(second.server);
                        give_all(second.server, &third);
                        CHECK_INT(third.unread, j < size ? j : 0);
                        send_bytes(client, bytes + j, size - j);
                        CHECK_STR(answer_of(third.server, client),
                                j < size ? "OK new" : "OK old");
                        CHECK_INT(socketmap_server_get_count(
                                          third.server, SOCKETMAP_COUNT_MEMORY),
                                0);
                        close(client);
                        socketmap_server_free(third.server);
                }
        }
}

/* Bytes that nobody has received yet go along in the socket. */
static void test_bytes_in_the_socket(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(from);

        turn(from);
        ask(client, "say", "");
        ask(client, "say", "");
        shutdown(client, SHUT_WR);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        while (taker.given == 0 && socketmap_server_dispatch(from) == 1)
                continue;
        socketmap_server_free(from);
        for (int i = 0; i < 2; i++)
                CHECK(starts_with(answer_of(taker.server, client), "OK "));
        CHECK_STR(answer_of(taker.server, client), "(end)");
        close(client);
        socketmap_server_free(taker.server);
}

static void test_a_lookup_under_way_is_waited_for(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int busy = connect_to(from), idle = connect_to(from);
        struct socketmap_request *request;

        ask(busy, "hold", "");
        turn(from);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(turn(from), 1);
        CHECK_INT(taker.given, 1);
        ask(idle, "say", "");
        CHECK_STR(answer_of(taker.server, idle), "OK new");
        CHECK_STR(answer_within(busy, 0), "(silence)");
        CHECK_INT(socketmap_reply_ok(request, "late"), 0);
        socketmap_request_release(request);
        CHECK_INT(turn(from), 0);
        CHECK_INT(taker.given, 2);
        CHECK_STR(answer_within(busy, 0), "OK late");
        socketmap_server_free(from);
        ask(busy, "say", "");
        CHECK_STR(answer_of(taker.server, busy), "OK new");
        close(busy);
        close(idle);
        socketmap_server_free(taker.server);
}

/* Its deadline holds, so that nobody waits for ever. */
static void test_a_lookup_that_takes_too_long(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(from);
        struct socketmap_request *request;

        must_be_zero(
                socketmap_server_set_limit(from, SOCKETMAP_LIMIT_DEADLINE, 50),
                "deadline");
        ask(client, "hold", "");
        turn(from);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(turn(from), 1);
        CHECK(starts_with(answer_of(from, client), "TIMEOUT "));
        CHECK_INT(turn(from), 0);
        CHECK_INT(taker.given, 1);
        CHECK_INT(socketmap_server_get_count(from, SOCKETMAP_COUNT_LATE), 0);
        CHECK_INT(socketmap_reply_ok(request, "late"), -ETIMEDOUT);
        CHECK_INT(socketmap_server_get_count(from, SOCKETMAP_COUNT_LATE), 1);
        socketmap_request_release(request);
        socketmap_server_free(from);
        ask(client, "say", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        socketmap_server_free(taker.server);
}

static void test_requests_behind_a_lookup(void)
{
        static const char bytes[] = "5:hold ,4:say ,5:work ,4:say ,7:say k";
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(from);
        struct socketmap_request *request;

        send_bytes(client, bytes, strlen(bytes));
        turn(from);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(turn(from), 1);
        CHECK_INT(taker.given, 0);
        CHECK_INT(socketmap_reply_ok(request, "held"), 0);
        socketmap_request_release(request);
        CHECK_STR(answer_of(from, client), "OK held");
        for (int i = 0; i < 3; i++)
                CHECK_STR(answer_of(from, client), "OK old");
        while (taker.given == 0 && socketmap_server_dispatch(from) == 1)
                continue;
        CHECK_INT(taker.unread, 7);
        socketmap_server_free(from);
        send_bytes(client, "ey,", 3);
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        socketmap_server_free(taker.server);
}

static void test_replies_that_are_not_sent_yet(void)
{
        enum { MANY = 40 };
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(from), full = 0;

        for (int i = 0; i < MANY; i++)
                ask(client, "flood", "");
        turn(from);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(turn(from), 1);
        CHECK_INT(taker.given, 0);
        for (int i = 0; i < MANY; i++)
                full += strlen(answer_of(from, client)) == 90003;
        CHECK_INT(full, MANY);
        CHECK_INT(turn(from), 0);
        CHECK_INT(taker.given, 1);
        socketmap_server_free(from);
        ask(client, "say", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        socketmap_server_free(taker.server);
}

/* What ends anyway isn't given away. */
static void test_clients_that_have_ended_or_sent_rubbish(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int ended = connect_to(from), bad = connect_to(from);

        shutdown(ended, SHUT_WR);
        send_bytes(bad, "rubbish", 7);
        CHECK_INT(turn(from), 1);
        CHECK_STR(answer_within(ended, 0), "(end)");
        CHECK_STR(answer_within(bad, 0), "(end)");
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        close(ended);
        close(bad);
        CHECK_INT(turn(from), 0);
        CHECK_INT(taker.given, 0);
        socketmap_server_free(from);
        socketmap_server_free(taker.server);
}

/* A descriptor that is handed over meanwhile goes the same way. */
static void test_descriptors_that_come_meanwhile(void)
{
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int busy = connect_to(from), client;
        struct socketmap_request *request;

        ask(busy, "hold", "");
        turn(from);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(turn(from), 1);
        client = connect_to(from);
        CHECK_INT(turn(from), 1);
        CHECK_INT(taker.given, 1);
        ask(client, "say", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        socketmap_request_release(request);
        CHECK_INT(turn(from), 0);
        CHECK(starts_with(answer_within(busy, 0), "TEMP "));
        socketmap_server_free(from);
        close(busy);
        close(client);
        socketmap_server_free(taker.server);
}

/* --- listeners --- */

static void test_listeners_and_their_maps(void)
{
        static const char *const expected[] = {
                "OK new of a", "OK new", "OK new"};
        char folder[] = "/tmp/socketmap-XXXXXX", path[3][64];
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        int clients[3];

        must(mkdtemp(folder), "folder");
        for (int i = 0; i < 3; i++) {
                static const char *const names[] = {"a", "b", "gone"};

                snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
                listen_named(from, listening_at(path[i]), names[i], NULL,
                        i != 1 ? old_own : NULL);
                clients[i] = connect_path(path[i]);
                ask(clients[i], "say", "");
                CHECK_STR(answer_of(from, clients[i]),
                        i != 1 ? "OK old of a" : "OK old");
        }
        listen_named(taker.server, some_listener(), "a", NULL, new_own);
        listen_named(taker.server, some_listener(), "b", NULL, NULL);
        give_all(from, &taker);
        CHECK_INT(taker.given, 3);
        for (int i = 0; i < 3; i++) {
                ask(clients[i], "say", "");
                CHECK_STR(answer_of(taker.server, clients[i]), expected[i]);
                close(clients[i]);
                unlink(path[i]);
        }
        socketmap_server_free(taker.server);
        rmdir(folder);
}

static bool exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}

/* The file stays when it is given away, and goes with the one who took it. */
static void test_the_file_of_a_socket(void)
{
        char folder[] = "/tmp/socketmap-XXXXXX", path[64], endpoint[80];
        struct socketmap_server *from = server_saying(old_text);
        struct taker taker = {.server = server_saying(new_text)};
        char text[128];
        const char *name;
        int client, fd;

        must(mkdtemp(folder), "folder");
        snprintf(path, sizeof(path), "%s/socket", folder);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        CHECK_INT(socketmap_server_listen(from, endpoint, NULL), 0);
        CHECK_INT(socketmap_server_get_listener(from, 0, &fd, &name), 0);
        CHECK_STR(name, "");
        listen_named(
                taker.server, fcntl(fd, F_DUPFD_CLOEXEC, 0), "a", path, NULL);
        CHECK_INT(socketmap_server_get_endpoint(
                          taker.server, 0, text, sizeof(text)),
                0);
        CHECK_STR(text, endpoint);
        client = connect_path(path); /* in the queue of the socket */
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        while (socketmap_server_dispatch(from) == 1)
                continue;
        CHECK_INT(socketmap_server_get_listener(from, 0, &fd, &name), -ENOENT);
        socketmap_server_free(from);
        CHECK(exists(path));
        ask(client, "say", "");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        socketmap_server_free(taker.server);
        CHECK(!exists(path));
        rmdir(folder);
}

/* --- when it can't be --- */

static void count_only(void *ctx, const struct socketmap_connection *connection)
{
        ++*(int *)ctx;
        close(connection->fd);
}

static void test_not_while_it_drains(void)
{
        struct socketmap_server *server = server_saying(old_text);
        int client = connect_to(server), given = 0, fds[2];
        struct socketmap_connection connection = {.listener = ""};
        struct socketmap_request *request;

        CHECK_INT(socketmap_server_give(NULL, count_only, &given), -ENOMEM);
        ask(client, "hold", "");
        turn(server);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        CHECK_INT(socketmap_server_give(server, count_only, &given), -EALREADY);
        CHECK_INT(turn(server), 1);
        CHECK_INT(socketmap_server_give(server, count_only, &given), -EALREADY);
        for (int i = 0; i < 2; i++) {
                must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "pair");
                connection.fd = fds[0];
                CHECK_INT(socketmap_server_take(
                                  i == 0 ? NULL : server, &connection),
                        i == 0 ? -ENOMEM : -ECANCELED);
                CHECK_STR(answer(fds[1]), "(end)");
                close(fds[1]);
        }
        CHECK_INT(socketmap_reply_ok(request, "held"), 0);
        socketmap_request_release(request);
        CHECK_STR(answer_of(server, client), "OK held");
        CHECK_INT(turn(server), 0);
        CHECK_INT(given, 0);
        close(client);
        socketmap_server_free(server);
}

/* A drain bounds a handover: who isn't done in time is closed. */
static void test_drain_while_it_gives(void)
{
        struct socketmap_server *server = server_saying(old_text);
        int busy = connect_to(server), idle = connect_to(server), given = 0;
        struct socketmap_request *request;

        ask(busy, "hold", "");
        turn(server);
        request = mailbox_take(&box);
        CHECK_INT(socketmap_server_give(server, count_only, &given), 0);
        CHECK_INT(turn(server), 1);
        CHECK_INT(given, 1);
        CHECK_INT(socketmap_server_drain(server, 50), 0);
        CHECK_STR(answer_of(server, busy), "(end)");
        CHECK_INT(turn(server), 0);
        CHECK_INT(given, 1);
        socketmap_request_release(request);
        close(busy);
        close(idle);
        socketmap_server_free(server);
}

static void test_freed_while_it_gives(void)
{
        for (int turns = 0; turns < 2; turns++) {
                struct socketmap_server *server = server_saying(old_text);
                int busy = connect_to(server), idle, given = 0;
                struct socketmap_request *request;

                ask(busy, "hold", "");
                turn(server);
                request = mailbox_take(&box);
                idle = connect_to(server);
                turn(server);
                CHECK_INT(socketmap_server_give(server, count_only, &given), 0);
                if (turns > 0)
                        turn(server);
                socketmap_server_free(server);
                CHECK_INT(given, turns);
                CHECK_STR(answer(busy), "(end)");
                CHECK_STR(answer(idle), "(end)");
                CHECK_INT(socketmap_reply_ok(request, ""), -ECANCELED);
                socketmap_request_release(request);
                close(busy);
                close(idle);
        }
}

static void test_descriptors_that_are_no_connection(void)
{
        struct socketmap_server *server = server_saying(new_text);
        struct socketmap_connection connection = {.listener = "a"};

        connection.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        CHECK(socketmap_server_take(server, &connection) < 0);
        CHECK(fcntl(connection.fd, F_GETFD) < 0);
        CHECK(socketmap_server_take(server, &connection) < 0);
        CHECK_INT(turn(server), 0);
        socketmap_server_free(server);
}

/* --- from callbacks --- */

/* A lookup function: takes a connection, whose request has arrived. */
static void look_and_take(struct socketmap_request *request, void *ctx)
{
        struct taker *taker = ctx;
        struct socketmap_connection connection = {.fd = taker->given,
                .listener = "",
                .unread = "4:say ,4:s",
                .unread_size = 10};

        CHECK_INT(socketmap_server_take(taker->server, &connection), 0);
        socketmap_reply_ok(request, "taken");
}

/* Replies that are on their way to one client must not reach another. */
static void test_take_from_a_lookup(void)
{
        struct taker taker = {.server = server_saying(new_text)};
        int client = connect_to(taker.server), fds[2];

        socketmap_server_add_map(
                taker.server, "take", look_and_take, &taker, SOCKETMAP_INLINE);
        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
        taker.given = fds[0];
        send_bytes(client, "4:say ,5:take ,4:say ,", 22);
        CHECK_STR(answer_of(taker.server, client), "OK new");
        CHECK_STR(answer_of(taker.server, client), "OK taken");
        CHECK_STR(answer_of(taker.server, client), "OK new");
        CHECK_STR(answer_of(taker.server, fds[1]), "OK new");
        CHECK_STR(answer_within(fds[1], 0), "(silence)");
        send_bytes(fds[1], "ay ,", 4);
        CHECK_STR(answer_of(taker.server, fds[1]), "OK new");
        close(client);
        close(fds[1]);
        CHECK_INT(turn(taker.server), 0);
        socketmap_server_free(taker.server);
}

static void look_and_give(struct socketmap_request *request, void *ctx)
{
        struct taker *taker = ctx;

        /* Freed with the test: not this server, which is the old one. */
        socketmap_reply_ok(request, taker->given == 0 ? "given" : "again");
        CHECK_INT(
                socketmap_server_give(taker->server, count_only, &taker->given),
                0);
}

static void test_give_from_a_lookup(void)
{
        struct taker taker = {.server = server_saying(old_text)};
        int client = connect_to(taker.server);

        socketmap_server_add_map(
                taker.server, "give", look_and_give, &taker, SOCKETMAP_INLINE);
        send_bytes(client, "5:give ,4:say ,", 15);
        CHECK_INT(turn(taker.server), 0);
        CHECK_INT(taker.given, 1);
        CHECK_STR(answer_within(client, 0), "OK given");
        CHECK_STR(answer_within(client, 0), "OK old");
        CHECK_STR(answer_within(client, 0), "(end)");
        close(client);
        socketmap_server_free(taker.server);
}

/* --- on a libuv loop --- */

static void free_when_idle(struct socketmap_server *server, void *ctx)
{
        ++*(int *)ctx;
        socketmap_server_free(server);
}

static void test_on_a_libuv_loop(void)
{
        uv_loop_t loop;
        struct taker taker = {.server = server_saying(new_text)};
        struct socketmap_server *from;
        int client, idles = 0;

        must_be_zero(uv_loop_init(&loop), "loop");
        from = must(socketmap_server_new_uv(&loop), "server");
        socketmap_server_on_idle(from, free_when_idle, &idles);
        must_be_zero(socketmap_server_listen_fd(from, some_listener(), NULL),
                "listen_fd");
        client = connect_to(from);
        send_bytes(client, "4:sa", 4);
        for (int i = 0; i < 5; i++)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(socketmap_server_give(from, pass_on, &taker), 0);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(uv_loop_close(&loop), 0);
        CHECK_INT(idles, 1);
        CHECK_INT(taker.given, 1);
        send_bytes(client, "y ,", 3);
        CHECK_STR(answer_of(taker.server, client), "OK new");
        close(client);
        socketmap_server_free(taker.server);
}

int main(void)
{
        RUN(test_a_connection_at_rest);
        RUN(test_a_request_split_anywhere);
        RUN(test_bytes_in_the_socket);
        RUN(test_a_lookup_under_way_is_waited_for);
        RUN(test_a_lookup_that_takes_too_long);
        RUN(test_requests_behind_a_lookup);
        RUN(test_replies_that_are_not_sent_yet);
        RUN(test_clients_that_have_ended_or_sent_rubbish);
        RUN(test_descriptors_that_come_meanwhile);
        RUN(test_listeners_and_their_maps);
        RUN(test_the_file_of_a_socket);
        RUN(test_not_while_it_drains);
        RUN(test_drain_while_it_gives);
        RUN(test_freed_while_it_gives);
        RUN(test_descriptors_that_are_no_connection);
        RUN(test_take_from_a_lookup);
        RUN(test_give_from_a_lookup);
        RUN(test_on_a_libuv_loop);
        return check_done();
}
