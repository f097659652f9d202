/* SPDX-License-Identifier: MIT */
/*
 * A server on a thread of its own, and blocking clients for it, for tests that
 * call the library. What cannot fail here ends the test.
 */
#ifndef SCENARIO_HARNESS_H
#define SCENARIO_HARNESS_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <socketmap/server.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How long something may take that is expected to happen. */
#define PATIENCE 20000

static inline void *must(void *pointer, const char *what)
{
        if (pointer == NULL) {
                printf("Bail out! no %s\n", what);
                exit(2);
        }
        return pointer;
}

static inline int must_be_zero(int r, const char *what)
{
        if (r != 0) {
                printf("Bail out! %s: %s\n", what, strerror(-r));
                exit(2);
        }
        return r;
}

static inline void pause_for(unsigned ms)
{
        struct timespec t = {
                .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

        while (nanosleep(&t, &t) < 0)
                continue;
}

static inline unsigned long long clock_now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (unsigned long long)t.tv_sec * 1000 +
               (unsigned long long)t.tv_nsec / 1000000;
}

/* --- a server that runs on its own thread --- */

struct running {
        struct socketmap_server *server;
        pthread_t thread;
        int result;
};

static inline void *running_main(void *ctx)
{
        struct running *running = ctx;

        running->result = socketmap_server_run(running->server);
        return NULL;
}

/* A listening socket that keeps a server alive; nobody connects to it. */
static inline int some_listener(void)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr address = {.sa_family = AF_UNIX};

        if (fd < 0 || bind(fd, &address, sizeof(sa_family_t)) < 0 ||
                listen(fd, 10) < 0)
                must(NULL, "listener");
        return fd;
}

/* Runs the server, kept alive until running_end. */
static inline void running_start(
        struct running *running, struct socketmap_server *server)
{
        running->server = server;
        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        must_be_zero(
                pthread_create(&running->thread, NULL, running_main, running),
                "thread");
}

/* Stops the server and returns what run has returned; it isn't freed. */
static inline int running_stop(struct running *running)
{
        socketmap_server_stop(running->server);
        pthread_join(running->thread, NULL);
        return running->result;
}

static inline int running_end(struct running *running)
{
        int r = running_stop(running);

        socketmap_server_free(running->server);
        return r;
}

/* --- clients --- */

/* Returns the client's end of a connection that the server serves. */
static inline int connect_to(struct socketmap_server *server)
{
        int fds[2];

        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                "socketpair");
        must_be_zero(socketmap_server_serve_fd(server, fds[0]), "serve_fd");
        return fds[1];
}

static inline void send_bytes(int fd, const char *bytes, size_t size)
{
        while (size > 0) {
                ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return;
                bytes += n;
                size -= (size_t)n;
        }
}

static inline void ask(int fd, const char *name, const char *key)
{
        char buffer[1024];
        size_t size;

        must_be_zero(socketmap_request_format(name, strlen(name), key,
                             strlen(key), buffer, sizeof(buffer), &size),
                "request");
        send_bytes(fd, buffer, size);
}

/*
 * Reads up to `size` bytes; 0 at the end or on an error, -1 when none comes in
 * time.
 */
static inline ssize_t read_some(int fd, char *bytes, size_t size, int timeout)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;
        int r;

        do
                r = poll(&p, 1, timeout);
        while (r < 0 && errno == EINTR);
        if (r == 0)
                return -1;
        n = recv(fd, bytes, size, 0);
        return n < 0 ? 0 : n;
}

/*
 * Reads one reply and returns its payload, valid until the next call on this
 * thread; "(end)" when the connection has ended cleanly before it, "(silence)"
 * when nothing came, "(broken)" for what is no reply.
 */
static inline const char *answer_within(int fd, int timeout)
{
        static _Thread_local char payload[100001];
        size_t size = 0, digits = 0, have = 0;
        char c;

        for (;; digits++) {
                ssize_t n =
                        read_some(fd, &c, 1, digits == 0 ? timeout : PATIENCE);

                if (digits == 0 && n <= 0)
                        return n == 0 ? "(end)" : "(silence)";
                if (n == 1 && c == ':' && digits > 0)
                        break;
                if (n != 1 || c < '0' || c > '9' || digits == 6)
                        return "(broken)";
                size = size * 10 + (size_t)(c - '0');
        }
        if (size > 100000)
                return "(broken)";
        while (have < size + 1) {
                ssize_t n = read_some(
                        fd, payload + have, size + 1 - have, PATIENCE);

                if (n <= 0)
                        return "(broken)";
                have += (size_t)n;
        }
        if (payload[size] != ',')
                return "(broken)";
        payload[size] = '\0';
        return payload;
}

static inline const char *answer(int fd)
{
        return answer_within(fd, PATIENCE);
}

static inline bool starts_with(const char *text, const char *start)
{
        return strncmp(text, start, strlen(start)) == 0;
}

/* --- requests handed from a lookup function to the test --- */

struct mailbox {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        struct socketmap_request *request;
};

#define MAILBOX_INIT                                                      \
        {                                                                 \
                PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL \
        }

static inline void mailbox_put(
        struct mailbox *box, struct socketmap_request *request)
{
        pthread_mutex_lock(&box->lock);
        while (box->request != NULL)
                pthread_cond_wait(&box->changed, &box->lock);
        box->request = request;
        pthread_cond_broadcast(&box->changed);
        pthread_mutex_unlock(&box->lock);
}

static inline struct socketmap_request *mailbox_take(struct mailbox *box)
{
        struct socketmap_request *request;

        pthread_mutex_lock(&box->lock);
        while (box->request == NULL)
                pthread_cond_wait(&box->changed, &box->lock);
        request = box->request;
        box->request = NULL;
        pthread_cond_broadcast(&box->changed);
        pthread_mutex_unlock(&box->lock);
        return request;
}

/* A lookup function: holds the request and puts it into the mailbox `ctx`. */
static inline void look_and_hold(struct socketmap_request *request, void *ctx)
{
        mailbox_put(ctx, must(socketmap_request_hold(request), "hold"));
}

/* A lookup function: replies the text `ctx`. */
static inline void look_and_say(struct socketmap_request *request, void *ctx)
{
        socketmap_reply_ok(request, ctx);
}

/* Waits until a counter has reached at least `value`. */
static inline bool counter_reaches(const struct socketmap_server *server,
        enum socketmap_counter counter, uint64_t value)
{
        for (int i = 0; i < PATIENCE; i++) {
                if (socketmap_server_get_count(server, counter) >= value)
                        return true;
                pause_for(1);
        }
        return false;
}

#endif
