/* SPDX-License-Identifier: MIT */
/*
 * How connections end with a server that drains: each of them once, and with
 * nothing lost. The server is dispatched by the test.
 */
#include "harness.h"

#include "check.h"

#include <netinet/in.h>

static char fine[] = "fine";
static struct mailbox box = MAILBOX_INIT;

static struct socketmap_server *usual_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "say", look_and_say, fine, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                server, "hold", look_and_hold, &box, SOCKETMAP_INLINE);
        return server;
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

/* Goes on until the server has ended. */
static int finish(struct socketmap_server *server)
{
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};
        int r;

        while ((r = socketmap_server_dispatch(server)) == 1) {
                if (poll(&p, 1, PATIENCE) == 0)
                        return -ETIMEDOUT;
        }
        return r;
}

static int lines;

static void count_line(
        void *ctx, enum socketmap_log_level level, const char *line)
{
        (void)ctx;
        (void)level;
        printf("# %s\n", line);
        lines++;
}

/* What is no request is told once, though the drain comes across it too. */
static void test_rubbish_in_a_drain(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_to(server);

        lines = 0;
        socketmap_server_set_log(server, count_line, NULL);
        CHECK_INT(turn(server), 1);
        send_bytes(client, "rubbish", 7);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        CHECK_INT(finish(server), 0);
        CHECK_STR(answer_within(client, 0), "(end)");
        CHECK_INT(lines, 1);
        CHECK_INT(
                socketmap_server_get_count(server, SOCKETMAP_COUNT_BAD_FRAMES),
                1);
        close(client);
        socketmap_server_free(server);
}

static int connect_by_tcp(struct socketmap_server *server)
{
        struct sockaddr_in address;
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), listening;
        const char *name;

        must_be_zero(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL),
                "listen");
        must_be_zero(
                socketmap_server_get_listener(server, 0, &listening, &name),
                "listener");
        if (getsockname(listening, (struct sockaddr *)&address, &size) < 0 ||
                connect(fd, (struct sockaddr *)&address, size) < 0)
                must(NULL, "connection");
        return fd;
}

/* Bytes that nobody reads any more must not reset the connection. */
static void test_requests_behind_the_last_answer(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_by_tcp(server);
        struct socketmap_request *request;
        char byte;

        ask(client, "hold", "");
        while (socketmap_server_get_count(server, SOCKETMAP_COUNT_REQUESTS) ==
                0)
                turn(server);
        request = mailbox_take(&box);
        ask(client, "say", "");
        CHECK_INT(turn(server), 1);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        CHECK_INT(turn(server), 1);
        CHECK_INT(socketmap_reply_ok(request, "held"), 0);
        socketmap_request_release(request);
        CHECK_INT(turn(server), 1);
        CHECK_STR(answer(client), "OK held");
        CHECK_INT(recv(client, &byte, 1, 0), 0);
        close(client);
        CHECK_INT(finish(server), 0);
        socketmap_server_free(server);
}

/* A drain that is over has no bound that could still be reached. */
static void test_a_drain_of_nothing(void)
{
        struct socketmap_server *server = usual_server();

        lines = 0;
        socketmap_server_set_log(server, count_line, NULL);
        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        CHECK_INT(socketmap_server_drain(server, 20), 0);
        CHECK_INT(finish(server), 0);
        pause_for(40);
        CHECK_INT(finish(server), 0);
        CHECK_INT(lines, 0);
        socketmap_server_free(server);
}

int main(void)
{
        RUN(test_rubbish_in_a_drain);
        RUN(test_requests_behind_the_last_answer);
        RUN(test_a_drain_of_nothing);
        return check_done();
}
