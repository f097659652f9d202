/* SPDX-License-Identifier: MIT */
/* The bare server that ours is compared with. See serve() in common.h. */
#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, REQUEST_MAX = 131072 };

/* The buffers of the loop: a connection keeps only what is incomplete. */
static char input[REQUEST_MAX + 65536];
static char output[4 * REPLY_ROOM];

struct connection {
        int fd;
        int listens;
        char *in;  /* bytes of an unanswered request, or NULL */
        char *out; /* bytes of unsent replies, or NULL */
        size_t in_size, out_size;
};

static void watch(int epoll, struct connection *c, int how, unsigned events)
{
        struct epoll_event event = {.events = events, .data.ptr = c};

        if (epoll_ctl(epoll, how, c->fd, &event) < 0)
                die("epoll_ctl: %s", strerror(errno));
}

static struct connection *add(int epoll, int fd, int listens)
{
        struct connection *c = calloc(1, sizeof(*c));

        if (c == NULL)
                die("out of memory");
        c->fd = fd;
        c->listens = listens;
        watch(epoll, c, EPOLL_CTL_ADD, EPOLLIN);
        return c;
}

static void drop(struct connection *c)
{
        close(c->fd);
        free(c->in);
        free(c->out);
        free(c);
}

static void accept_all(int epoll, int listener)
{
        int on = 1, fd;

        /* epoll keeps them. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
                add(epoll, fd, 0);
        }
}

/* Replaces what a connection keeps by a copy of `size` bytes. */
static void keep(char **kept, size_t *kept_size, const char *bytes, size_t size)
{
        char *copy = NULL;

        if (size > 0) {
                copy = malloc(size);
                if (copy == NULL)
                        die("out of memory");
                memcpy(copy, bytes, size);
        }
        free(*kept);
        *kept = copy;
        *kept_size = size;
}

/*
 * Finds the netstring at the beginning of `bytes`. Returns its whole size, 0
 * when it is incomplete, -1 when it is none.
 */
static ssize_t parse(const char *bytes, size_t size, const char **ret_payload,
        size_t *ret_length)
{
        size_t length = 0, i;

        for (i = 0; i < size && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
                length = length * 10 + (size_t)(bytes[i] - '0');
                if (length > REQUEST_MAX || (i > 0 && bytes[0] == '0'))
                        return -1;
        }
        if (i == size)
                return 0;
        if (i == 0 || bytes[i] != ':')
                return -1;
        i++;
        if (size - i < length + 1)
                return 0;
        if (bytes[i + length] != ',')
                return -1;
        *ret_payload = bytes + i;
        *ret_length = length;
        return (ssize_t)(i + length + 1);
}

/* Sends; keeps what doesn't go out. Returns -1 when the client is gone. */
static int flush(
        int epoll, struct connection *c, const char *bytes, size_t size)
{
        ssize_t sent = send(c->fd, bytes, size, MSG_NOSIGNAL);
        int waited = c->out != NULL;

        if (sent < 0 && errno != EAGAIN)
                return -1;
        if (sent < 0)
                sent = 0;
        keep(&c->out, &c->out_size, bytes + sent, size - (size_t)sent);
        /* While replies wait, nothing is read. */
        if (waited != (c->out != NULL))
                watch(epoll, c, EPOLL_CTL_MOD, c->out ? EPOLLOUT : EPOLLIN);
        return 0;
}

/*
 * Answers the requests in `input`, all with one send as long as their replies
 * fit into `output`. Returns -1 when the connection is to be dropped.
 */
static int answer_all(
        int epoll, struct connection *c, size_t size, answer_fn *answer)
{
        size_t taken = 0, length = 0, used = 0;
        const char *payload;
        ssize_t r = 1;

        while (r > 0 && c->out == NULL) {
                r = parse(input + taken, size - taken, &payload, &length);
                if (r > 0) {
                        used += answer(payload, length, output + used);
                        taken += (size_t)r;
                }
                if (used > 0 &&
                        (r <= 0 || used > sizeof(output) - REPLY_ROOM)) {
                        if (flush(epoll, c, output, used) < 0)
                                return -1;
                        used = 0;
                }
        }
        if (size > taken || c->in != NULL)
                keep(&c->in, &c->in_size, input + taken, size - taken);
        return r < 0 ? -1 : 0;
}

static int handle(
        int epoll, struct connection *c, unsigned events, answer_fn *answer)
{
        ssize_t got = 0;

        if (c->out != NULL) {
                if (!(events & EPOLLOUT))
                        return -1; /* the client is gone */
                if (flush(epoll, c, c->out, c->out_size) < 0)
                        return -1;
                if (c->out != NULL)
                        return 0;
        }
        if (c->in_size > 0)
                memcpy(input, c->in, c->in_size);
        if (events & EPOLLIN) {
                got = recv(c->fd, input + c->in_size,
                        sizeof(input) - c->in_size, 0);
                if (got == 0 || (got < 0 && errno != EAGAIN))
                        return -1;
                if (got < 0)
                        return 0;
        }
        return answer_all(epoll, c, c->in_size + (size_t)got, answer);
}

void serve(char **argv, answer_fn *answer)
{
        struct epoll_event events[EVENTS];
        int epoll = epoll_create1(0);

        raise_descriptors();
        while (*++argv != NULL)
                add(epoll, listen_on(*argv), 1);
        puts("ready");
        fflush(stdout);
        for (;;) {
                int count = epoll_wait(epoll, events, EVENTS, -1);

                for (int i = 0; i < count; i++) {
                        struct connection *c = events[i].data.ptr;

                        if (c->listens)
                                accept_all(epoll, c->fd);
                        else if (handle(epoll, c, events[i].events, answer) < 0)
                                drop(c);
                }
        }
}
