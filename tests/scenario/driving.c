/* SPDX-License-Identifier: MIT */
/*
 * The ways to drive a server: run, stop, drain, a descriptor in a poll loop,
 * a caller's libuv loop, and calls from other threads and signal handlers.
 */
#include "harness.h"

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <socketmap/uv.h>
#include <stdatomic.h>
#include <sys/time.h>

static char fine[] = "fine";

static void look_sleepy(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        pause_for((unsigned)atoi(socketmap_request_key(request)));
        socketmap_reply_ok(request, "slept");
}

static void look_forget_it(struct socketmap_request *request, void *ctx)
{
        socketmap_request_release(socketmap_request_hold(request));
        (void)ctx;
}

static void add_usual_maps(struct socketmap_server *server)
{
        socketmap_server_add_map(
                server, "say", look_and_say, fine, SOCKETMAP_INLINE);
        socketmap_server_add_map(server, "sleep", look_sleepy, NULL, 0);
        socketmap_server_add_map(
                server, "forget", look_forget_it, NULL, SOCKETMAP_INLINE);
}

static struct socketmap_server *usual_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        add_usual_maps(server);
        return server;
}

/* --- run --- */

static void test_run_with_nothing_to_serve(void)
{
        struct socketmap_server *server = usual_server();

        CHECK_INT(socketmap_server_run(server), 0);
        CHECK_INT(socketmap_server_run(server), 0);
        CHECK_INT(socketmap_server_dispatch(server), 0);
        socketmap_server_free(server);
}

static void *run_it(void *server)
{
        return (void *)(intptr_t)socketmap_server_run(server);
}

static void test_run_ends_with_the_last_connection(void)
{
        struct socketmap_server *server = usual_server();
        int first = connect_to(server), second = connect_to(server);
        pthread_t thread;
        void *result;

        pthread_create(&thread, NULL, run_it, server);
        ask(first, "say", "");
        CHECK_STR(answer(first), "OK fine");
        close(first);
        ask(second, "sleep", "50");
        CHECK_STR(answer(second), "OK slept");
        shutdown(second, SHUT_WR);
        CHECK_STR(answer(second), "(end)");
        pthread_join(thread, &result);
        CHECK_INT((intptr_t)result, 0);
        close(second);
        socketmap_server_free(server);
}

static void test_one_connection_as_inetd_gives_it(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_to(server);

        ask(client, "say", "");
        ask(client, "sleep", "1");
        ask(client, "forget", "1");
        shutdown(client, SHUT_WR);
        CHECK_INT(socketmap_server_run(server), 0);
        CHECK_STR(answer(client), "OK fine");
        CHECK_STR(answer(client), "OK slept");
        CHECK(starts_with(answer(client), "TEMP "));
        CHECK_STR(answer(client), "(end)");
        close(client);
        socketmap_server_free(server);
}

static void test_stop_from_another_thread(void)
{
        for (int i = 0; i < 50; i++) {
                struct socketmap_server *server = usual_server();
                int client = connect_to(server);
                pthread_t thread;
                void *result;

                pthread_create(&thread, NULL, run_it, server);
                if (i % 3 == 0)
                        pause_for(1);
                ask(client, "say", "");
                if (i % 2 == 0)
                        CHECK_STR(answer(client), "OK fine");
                socketmap_server_stop(server);
                pthread_join(thread, &result);
                CHECK_INT((intptr_t)result, 0);
                socketmap_server_free(server);
                close(client);
        }
}

static void test_stop_before_run(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_to(server);

        socketmap_server_stop(server);
        CHECK_INT(socketmap_server_run(server), 0);
        socketmap_server_free(server);
        close(client);
}

static void test_run_again_after_a_stop(void)
{
        struct socketmap_server *server = usual_server();
        int client;
        struct running running;

        running_start(&running, server);
        client = connect_to(server);
        ask(client, "say", "");
        CHECK_STR(answer(client), "OK fine");
        CHECK_INT(running_stop(&running), 0);
        ask(client, "say", "");
        CHECK_STR(answer_within(client, 50), "(silence)");
        pthread_create(&running.thread, NULL, running_main, &running);
        CHECK_STR(answer(client), "OK fine");
        CHECK_INT(running_end(&running), 0);
        CHECK_STR(answer(client), "(end)");
        close(client);
}

static struct socketmap_server *to_stop;

static void on_alarm(int number)
{
        (void)number;
        socketmap_server_stop(to_stop);
}

static void test_stop_from_a_signal_handler(void)
{
        struct sigaction action = {.sa_handler = on_alarm}, before;

        sigaction(SIGALRM, &action, &before);
        for (int i = 0; i < 20; i++) {
                struct itimerval timer = {.it_value.tv_usec = 200 + 613 * i};
                int client;

                to_stop = usual_server();
                client = connect_to(to_stop);
                setitimer(ITIMER_REAL, &timer, NULL);
                CHECK_INT(socketmap_server_run(to_stop), 0);
                socketmap_server_free(to_stop);
                close(client);
        }
        sigaction(SIGALRM, &before, NULL);
}

/* Free waits for a running lookup function. */
static atomic_int running_now;

static void look_for_a_while(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        atomic_store(&running_now, 1);
        pause_for(200);
        CHECK_STR(socketmap_request_key(request), "key");
        socketmap_reply_ok(request, "too late");
        atomic_store(&running_now, 2);
}

static void test_free_waits_for_lookups(void)
{
        struct socketmap_server *server = usual_server();
        struct running running;
        int client;

        socketmap_server_add_map(server, "long", look_for_a_while, NULL, 0);
        running_start(&running, server);
        client = connect_to(server);
        ask(client, "long", "key");
        while (atomic_load(&running_now) == 0)
                pause_for(1);
        CHECK_INT(running_end(&running), 0);
        CHECK_INT(atomic_load(&running_now), 2);
        CHECK_STR(answer(client), "(end)");
        close(client);
}

/* --- from callbacks --- */

struct caller {
        struct socketmap_server *server;
        int client;
};

static void look_stop(struct socketmap_request *request, void *ctx)
{
        socketmap_server_stop(ctx);
        socketmap_reply_ok(request, "stopping");
}

static void look_drain(struct socketmap_request *request, void *ctx)
{
        socketmap_server_drain(ctx, 10000);
        socketmap_reply_ok(request, "draining");
}

/* Listens and takes a connection, in the middle of a lookup. */
static void look_add(struct socketmap_request *request, void *ctx)
{
        struct caller *caller = ctx;
        struct socketmap_server *server = caller->server;
        char endpoint[128];
        int r = socketmap_server_listen(server, "inet:127.0.0.1:0", NULL);

        if (r == 0)
                r = socketmap_server_get_endpoint(
                        server, 1, endpoint, sizeof(endpoint));
        if (r == 0)
                r = socketmap_server_set_limit(
                        server, SOCKETMAP_LIMIT_CONNECTIONS, 50);
        if (r == 0)
                r = socketmap_server_add_map(
                        server, "new", look_and_say, fine, SOCKETMAP_INLINE);
        caller->client = connect_to(server);
        if (r == 0)
                socketmap_reply_ok(request, endpoint);
        else
                socketmap_reply_temp(request, strerror(-r));
}

static void test_stop_and_drain_from_a_lookup(void)
{
        for (int i = 0; i < 2; i++) {
                struct socketmap_server *server = usual_server();
                int client = connect_to(server);

                must_be_zero(socketmap_server_listen_fd(
                                     server, some_listener(), NULL),
                        "listen_fd");
                socketmap_server_add_map(server, "end",
                        i == 0 ? look_stop : look_drain, server,
                        SOCKETMAP_INLINE);
                ask(client, "sleep", "10");
                ask(client, "end", "");
                ask(client, "say", "");
                CHECK_INT(socketmap_server_run(server), 0);
                if (i == 1) {
                        CHECK_STR(answer(client), "OK slept");
                        CHECK_STR(answer(client), "OK draining");
                        CHECK_STR(answer(client), "OK fine");
                        CHECK_STR(answer(client), "(end)");
                }
                socketmap_server_free(server);
                close(client);
        }
}

static void test_listen_and_serve_from_a_lookup(void)
{
        struct caller caller = {.server = usual_server()};
        struct running running;
        int client;

        socketmap_server_add_map(
                caller.server, "add", look_add, &caller, SOCKETMAP_INLINE);
        running_start(&running, caller.server);
        client = connect_to(caller.server);
        ask(client, "add", "");
        CHECK(starts_with(answer(client), "OK inet:127.0.0.1:"));
        ask(caller.client, "new", "");
        CHECK_STR(answer(caller.client), "OK fine");
        CHECK_INT(running_end(&running), 0);
        close(caller.client);
        close(client);
}

/* --- serve_fd --- */

struct connector {
        struct socketmap_server *server;
        int wrong;
};

static void *connect_often(void *ctx)
{
        struct connector *connector = ctx;

        for (int i = 0; i < 50; i++) {
                int fd = connect_to(connector->server);

                ask(fd, i % 2 ? "say" : "sleep", "0");
                if (!starts_with(answer(fd), "OK "))
                        connector->wrong++;
                close(fd);
        }
        return NULL;
}

static void test_serve_fd_from_other_threads(void)
{
        struct socketmap_server *server = usual_server();
        struct connector connectors[4];
        pthread_t threads[4];
        struct running running;

        running_start(&running, server);
        for (int i = 0; i < 4; i++) {
                connectors[i] = (struct connector){.server = server};
                pthread_create(
                        &threads[i], NULL, connect_often, &connectors[i]);
        }
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], NULL);
                CHECK_INT(connectors[i].wrong, 0);
        }
        CHECK_INT(running_end(&running), 0);
}

static bool is_closed(int fd)
{
        return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

/* What can't be served may be refused at once, or closed by the loop. */
static void check_serve_fd_closes(int fd)
{
        struct socketmap_server *server = usual_server();

        if (socketmap_server_serve_fd(server, fd) == 0)
                CHECK_INT(socketmap_server_run(server), 0);
        CHECK(is_closed(fd));
        socketmap_server_free(server);
}

static void test_serve_fd_takes_the_descriptor(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_to(server), fds[2];

        socketmap_server_free(server);
        CHECK_STR(answer(client), "(end)");
        close(client);
        must_be_zero(pipe(fds), "pipe");
        close(fds[1]);
        check_serve_fd_closes(fds[0]);
        check_serve_fd_closes(-1);
        check_serve_fd_closes(open("/dev/null", O_RDWR | O_CLOEXEC));
        check_serve_fd_closes(socket(AF_INET, SOCK_STREAM, 0));
}

static void test_listen_fd_takes_the_descriptor(void)
{
        struct socketmap_server *server = usual_server();
        int fds[4];

        must_be_zero(pipe(fds), "pipe");
        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2), "pair");
        for (int i = 0; i < 3; i++) {
                CHECK(socketmap_server_listen_fd(server, fds[i], NULL) < 0);
                CHECK(is_closed(fds[i]));
        }
        CHECK(socketmap_server_listen_fd(server, -1, NULL) < 0);
        close(fds[3]);
        CHECK(socketmap_server_run(server) < 0);
        socketmap_server_free(server);
}

static void test_serve_fd_with_bytes_waiting_and_an_end(void)
{
        struct socketmap_server *server = usual_server();
        int fds[2];

        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
        ask(fds[1], "say", "");
        shutdown(fds[1], SHUT_WR);
        CHECK_INT(socketmap_server_serve_fd(server, fds[0]), 0);
        CHECK_INT(socketmap_server_run(server), 0);
        CHECK_STR(answer(fds[1]), "OK fine");
        CHECK_STR(answer(fds[1]), "(end)");
        close(fds[1]);
        socketmap_server_free(server);
}

/* --- inside a poll loop --- */

static int poll_and_dispatch(struct socketmap_server *server, int timeout)
{
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};

        if (poll(&p, 1, timeout) == 0)
                return -ETIME;
        return socketmap_server_dispatch(server);
}

static void *stop_soon(void *server)
{
        pause_for(30);
        socketmap_server_stop(server);
        return NULL;
}

static void test_poll_wakes_for_a_stop(void)
{
        struct socketmap_server *server = usual_server();
        pthread_t thread;
        int r = 1;

        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        CHECK(socketmap_server_get_fd(server) >= 0);
        CHECK_INT(socketmap_server_dispatch(server), 1);
        pthread_create(&thread, NULL, stop_soon, server);
        while (r == 1)
                r = poll_and_dispatch(server, PATIENCE);
        CHECK_INT(r, 0);
        pthread_join(thread, NULL);
        socketmap_server_free(server);
}

static void *serve_soon(void *ctx)
{
        struct connector *connector = ctx;
        int fd;

        pause_for(30);
        fd = connect_to(connector->server);
        ask(fd, "say", "");
        if (strcmp(answer(fd), "OK fine") != 0)
                connector->wrong++;
        ask(fd, "sleep", "50");
        if (strcmp(answer(fd), "OK slept") != 0)
                connector->wrong++;
        close(fd);
        socketmap_server_stop(connector->server);
        return NULL;
}

static void test_poll_wakes_for_other_threads(void)
{
        struct connector connector = {.server = usual_server()};
        pthread_t thread;
        int r = 1;

        must_be_zero(socketmap_server_listen_fd(
                             connector.server, some_listener(), NULL),
                "listen_fd");
        CHECK_INT(socketmap_server_dispatch(connector.server), 1);
        pthread_create(&thread, NULL, serve_soon, &connector);
        while (r == 1)
                r = poll_and_dispatch(connector.server, PATIENCE);
        CHECK_INT(r, 0);
        pthread_join(thread, NULL);
        CHECK_INT(connector.wrong, 0);
        socketmap_server_free(connector.server);
}

/* Calls made between two dispatches have to make the descriptor readable. */
static void test_poll_wakes_for_calls_outside(void)
{
        struct socketmap_server *server = usual_server();
        int client = -1, r = 1, rounds = 0;

        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        CHECK_INT(socketmap_server_dispatch(server), 1);
        CHECK_INT(poll_and_dispatch(server, 20), -ETIME);
        client = connect_to(server);
        ask(client, "say", "");
        while (answer_within(client, 0)[0] == '(' && ++rounds < 100)
                CHECK_INT(poll_and_dispatch(server, PATIENCE), 1);
        CHECK(rounds < 100);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        while (r == 1)
                r = poll_and_dispatch(server, PATIENCE);
        CHECK_INT(r, 0);
        CHECK_STR(answer(client), "(end)");
        close(client);
        socketmap_server_free(server);
}

static void test_poll_is_quiet_when_idle(void)
{
        struct socketmap_server *server = usual_server();
        int client = connect_to(server), wakes = 0;
        unsigned long long end;

        ask(client, "say", "");
        while (answer_within(client, 0)[0] == '(')
                CHECK_INT(poll_and_dispatch(server, PATIENCE), 1);
        end = clock_now() + 300;
        while (clock_now() < end)
                wakes += poll_and_dispatch(server, 50) == 1;
        CHECK(wakes < 20);
        close(client);
        socketmap_server_free(server);
}

static struct mailbox box = MAILBOX_INIT;

static void test_poll_wakes_for_the_deadline(void)
{
        struct socketmap_server *server = usual_server();
        struct socketmap_request *request;
        int client = connect_to(server);

        socketmap_server_add_map(
                server, "hold", look_and_hold, &box, SOCKETMAP_INLINE);
        must_be_zero(socketmap_server_set_limit(
                             server, SOCKETMAP_LIMIT_DEADLINE, 150),
                "deadline");
        for (int i = 0; i < 3; i++) {
                const char *got;

                ask(client, "hold", "");
                do {
                        CHECK_INT(poll_and_dispatch(server, PATIENCE), 1);
                        got = answer_within(client, 0);
                } while (strcmp(got, "(silence)") == 0 && !check_bad);
                CHECK(starts_with(got, "TIMEOUT "));
                request = mailbox_take(&box);
                CHECK_INT(socketmap_reply_ok(request, ""), -ETIMEDOUT);
                socketmap_request_release(request);
        }
        close(client);
        CHECK_INT(poll_and_dispatch(server, PATIENCE), 0);
        socketmap_server_free(server);
}

/* --- two servers --- */

static void test_two_servers_in_two_threads(void)
{
        struct connector connectors[4];
        struct running running[2];
        pthread_t threads[4];

        for (int i = 0; i < 2; i++)
                running_start(&running[i], usual_server());
        for (int i = 0; i < 4; i++) {
                connectors[i] =
                        (struct connector){.server = running[i % 2].server};
                pthread_create(
                        &threads[i], NULL, connect_often, &connectors[i]);
        }
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], NULL);
                CHECK_INT(connectors[i].wrong, 0);
        }
        CHECK_INT(socketmap_server_get_count(
                          running[0].server, SOCKETMAP_COUNT_REQUESTS),
                100);
        CHECK_INT(running_end(&running[0]), 0);
        CHECK_INT(running_end(&running[1]), 0);
}

/* --- on a libuv loop --- */

static int idles;

static void count_idle(struct socketmap_server *server, void *ctx)
{
        CHECK(ctx == &idles);
        (void)server;
        idles++;
}

static void free_when_idle(struct socketmap_server *server, void *ctx)
{
        count_idle(server, ctx);
        socketmap_server_free(server);
}

static void do_nothing(uv_idle_t *handle)
{
        (void)handle;
}

static struct socketmap_server *server_on(uv_loop_t *loop)
{
        struct socketmap_server *server;

        must_be_zero(uv_loop_init(loop), "loop");
        server = must(socketmap_server_new_uv(loop), "server");
        add_usual_maps(server);
        idles = 0;
        return server;
}

static void test_uv_other_ways_are_busy(void)
{
        uv_loop_t loop;
        struct socketmap_server *server = server_on(&loop);

        CHECK_INT(socketmap_server_run(server), -EBUSY);
        CHECK_INT(socketmap_server_dispatch(server), -EBUSY);
        CHECK_INT(socketmap_server_get_fd(server), -EBUSY);
        socketmap_server_free(server);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(uv_loop_close(&loop), 0);
}

static void *talk_and_stop(void *ctx)
{
        struct connector *connector = ctx;

        connect_often(ctx);
        socketmap_server_stop(connector->server);
        return NULL;
}

static void stop_loop_when_idle(struct socketmap_server *server, void *ctx)
{
        (void)server;
        idles++;
        uv_stop(ctx);
}

static void test_uv_serves_until_stopped(void)
{
        uv_loop_t loop;
        struct connector connector = {.server = server_on(&loop)};
        pthread_t thread;

        must_be_zero(socketmap_server_listen_fd(
                             connector.server, some_listener(), NULL),
                "listen_fd");
        socketmap_server_on_idle(connector.server, stop_loop_when_idle, &loop);
        pthread_create(&thread, NULL, talk_and_stop, &connector);
        while (idles == 0)
                uv_run(&loop, UV_RUN_DEFAULT);
        pthread_join(thread, NULL);
        socketmap_server_free(connector.server);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(uv_loop_close(&loop), 0);
        CHECK_INT(idles, 1);
        CHECK_INT(connector.wrong, 0);
}

static void test_uv_idle_after_a_drain(void)
{
        uv_loop_t loop;
        struct socketmap_server *server = server_on(&loop);
        int client = connect_to(server);

        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        socketmap_server_on_idle(server, free_when_idle, &idles);
        ask(client, "sleep", "50");
        for (int i = 0; i < 10; i++)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(socketmap_server_drain(server, 0), 0);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(uv_loop_close(&loop), 0);
        CHECK_INT(idles, 1);
        CHECK_STR(answer(client), "OK slept");
        CHECK_STR(answer(client), "(end)");
        close(client);
}

static void test_uv_idle_after_the_last_connection(void)
{
        uv_loop_t loop;
        struct socketmap_server *server = server_on(&loop);
        int client = connect_to(server);

        socketmap_server_on_idle(server, free_when_idle, &idles);
        ask(client, "say", "");
        shutdown(client, SHUT_WR);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(uv_loop_close(&loop), 0);
        CHECK_INT(idles, 1);
        CHECK_STR(answer_within(client, 100), "OK fine");
        CHECK_STR(answer_within(client, 100), "(end)");
        close(client);
}

/* The same for one that the loop has taken long before. */
static void test_uv_idle_after_the_last_answer(void)
{
        uv_loop_t loop;
        struct socketmap_server *server = server_on(&loop);
        uv_idle_t busy; /* keeps the loop alive until the first answer */
        int client = connect_to(server);

        uv_idle_init(&loop, &busy);
        uv_idle_start(&busy, do_nothing);
        socketmap_server_on_idle(server, free_when_idle, &idles);
        ask(client, "say", "");
        for (int i = 0; i < 20; i++)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_STR(answer_within(client, 100), "OK fine");
        uv_close((uv_handle_t *)&busy, NULL);
        ask(client, "sleep", "20");
        shutdown(client, SHUT_WR);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(idles, 1);
        CHECK_INT(uv_loop_close(&loop), 0);
        CHECK_STR(answer(client), "OK slept");
        CHECK_STR(answer(client), "(end)");
        close(client);
}

static void test_uv_freed_at_once(void)
{
        for (int rounds = 0; rounds < 4; rounds++) {
                uv_loop_t loop;
                struct socketmap_server *server = server_on(&loop);
                int client = connect_to(server);
                bool asked;

                socketmap_server_add_map(
                        server, "hold", look_and_hold, &box, SOCKETMAP_INLINE);
                socketmap_server_on_idle(server, count_idle, &idles);
                ask(client, "hold", "");
                for (int i = 0; i < 5 * rounds; i++)
                        uv_run(&loop, UV_RUN_NOWAIT);
                asked = socketmap_server_get_count(
                                server, SOCKETMAP_COUNT_REQUESTS) > 0;
                socketmap_server_free(server);
                CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
                CHECK_INT(uv_loop_close(&loop), 0);
                CHECK_INT(idles, 0);
                CHECK_STR(answer(client), "(end)");
                CHECK_INT(asked, rounds > 0);
                if (asked) {
                        struct socketmap_request *request = mailbox_take(&box);

                        CHECK_INT(socketmap_reply_ok(request, ""), -ECANCELED);
                        socketmap_request_release(request);
                }
                close(client);
        }
}

int main(void)
{
        RUN(test_run_with_nothing_to_serve);
        RUN(test_run_ends_with_the_last_connection);
        RUN(test_one_connection_as_inetd_gives_it);
        RUN(test_stop_from_another_thread);
        RUN(test_stop_before_run);
        RUN(test_run_again_after_a_stop);
        RUN(test_stop_from_a_signal_handler);
        RUN(test_free_waits_for_lookups);
        RUN(test_stop_and_drain_from_a_lookup);
        RUN(test_listen_and_serve_from_a_lookup);
        RUN(test_serve_fd_from_other_threads);
        RUN(test_serve_fd_takes_the_descriptor);
        RUN(test_listen_fd_takes_the_descriptor);
        RUN(test_serve_fd_with_bytes_waiting_and_an_end);
        RUN(test_poll_wakes_for_a_stop);
        RUN(test_poll_wakes_for_other_threads);
        RUN(test_poll_wakes_for_calls_outside);
        RUN(test_poll_is_quiet_when_idle);
        RUN(test_poll_wakes_for_the_deadline);
        RUN(test_two_servers_in_two_threads);
        RUN(test_uv_other_ways_are_busy);
        RUN(test_uv_serves_until_stopped);
        RUN(test_uv_idle_after_a_drain);
        RUN(test_uv_idle_after_the_last_connection);
        RUN(test_uv_idle_after_the_last_answer);
        RUN(test_uv_freed_at_once);
        return check_done();
}
