/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous answers: the lookup function keeps the request and returns, and
 * another thread answers it later. Ends by SIGTERM. Usage: held ENDPOINT
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <socketmap.h>
#include <stdio.h>
#include <unistd.h>

static struct socketmap_server *server;

static void on_signal(int number)
{
        (void)number;
        socketmap_server_stop(server);
}

/* Hands a held request to the other thread: its address through a pipe. */
static void lookup(struct socketmap_request *request, void *ctx)
{
        const int *queue = ctx;
        struct socketmap_request *held = socketmap_request_hold(request);

        if (held == NULL)
                return; /* no memory: unanswered, so the server sends TEMP */
        if (write(*queue, &held, sizeof(held)) != (ssize_t)sizeof(held)) {
                socketmap_reply_temp(held, "too many requests are waiting");
                socketmap_request_release(held);
        }
}

/* Answers each key with itself, until the pipe ends. */
static void *answer(void *ctx)
{
        const int *queue = ctx;
        struct socketmap_request *held;

        while (read(*queue, &held, sizeof(held)) == (ssize_t)sizeof(held)) {
                socketmap_reply_ok(held, socketmap_request_key(held));
                socketmap_request_release(held);
        }
        return NULL;
}

int main(int argc, char *argv[])
{
        pthread_t thread;
        int queue[2], r;

        if (argc != 2) {
                fprintf(stderr, "usage: held ENDPOINT\n");
                return 2;
        }
        server = socketmap_server_new();
        if (server == NULL || pipe(queue) < 0 ||
                fcntl(queue[1], F_SETFL, O_NONBLOCK) < 0 ||
                pthread_create(&thread, NULL, answer, &queue[0]) != 0)
                return 1;
        signal(SIGTERM, on_signal);
        socketmap_server_add_map(
                server, "echo", lookup, &queue[1], SOCKETMAP_INLINE);
        socketmap_server_listen(server, argv[1], NULL);
        r = socketmap_server_run(server);
        close(queue[1]); /* ends the thread when it has answered the rest */
        pthread_join(thread, NULL);
        signal(SIGTERM, SIG_DFL);
        socketmap_server_free(server);
        close(queue[0]);
        return r < 0;
}
