/* SPDX-License-Identifier: MIT */
#include "tables/http/curl_sockets.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Sockets that are looked at in one go. */
#define BATCH 256

/* A moment, in microseconds: that of a few requests. */
#define MOMENT 200

int curl_sockets_open(struct curl_sockets *sockets)
{
        *sockets = (struct curl_sockets){.epoll = epoll_create1(EPOLL_CLOEXEC)};
        return sockets->epoll >= 0 ? 0 : -errno;
}

void curl_sockets_close(struct curl_sockets *sockets)
{
        close(sockets->epoll);
        free(sockets->list);
}

/* Returns NULL when there is no memory. */
static struct curl_socket *socket_of(struct curl_sockets *sockets, int fd)
{
        size_t at = (size_t)fd, size = at + 1 + at / 2;
        struct curl_socket *list;

        if (at < sockets->size)
                return &sockets->list[at];
        list = realloc(sockets->list, size * sizeof(*list));
        if (list == NULL)
                return NULL;
        memset(list + sockets->size, 0, (size - sockets->size) * sizeof(*list));
        sockets->list = list;
        sockets->size = size;
        return &list[at];
}

/* events: 0: not any more. */
static void watch(struct curl_sockets *sockets, int fd, uint32_t events)
{
        struct epoll_event wanted = {.events = events, .data.fd = fd};
        struct curl_socket *socket = &sockets->list[fd];
        int how = EPOLL_CTL_MOD;

        if (socket->watched == events)
                return;
        if (socket->watched == 0)
                how = EPOLL_CTL_ADD;
        else if (events == 0)
                how = EPOLL_CTL_DEL;
        if (epoll_ctl(sockets->epoll, how, fd, &wanted) == 0 || events == 0)
                socket->watched = events;
}

void curl_sockets_made(struct curl_sockets *sockets, int fd)
{
        struct curl_socket *socket = socket_of(sockets, fd);

        if (socket != NULL)
                *socket = (struct curl_socket){.is_connection = true};
}

/* The epoll loses it by its being closed. */
void curl_sockets_closed(struct curl_sockets *sockets, int fd)
{
        if ((size_t)fd < sockets->size)
                sockets->list[fd] = (struct curl_socket){0};
}

void curl_sockets_wait(struct curl_sockets *sockets, int fd, int what)
{
        struct curl_socket *socket = socket_of(sockets, fd);
        uint32_t events = 0;

        if (socket == NULL)
                return;
        socket->is_idle = what == CURL_POLL_REMOVE;
        if (socket->is_idle && socket->is_connection && !socket->is_shared)
                what = CURL_POLL_IN;
        if ((what & CURL_POLL_IN) != 0)
                events |= EPOLLIN | EPOLLRDHUP;
        if ((what & CURL_POLL_OUT) != 0)
                events |= EPOLLOUT;
        watch(sockets, fd, what == CURL_POLL_REMOVE ? 0 : events);
}

void curl_sockets_share(struct curl_sockets *sockets, int fd)
{
        struct curl_socket *socket = socket_of(sockets, fd);

        if (socket == NULL || socket->is_shared)
                return;
        socket->is_shared = true;
        if (socket->is_idle)
                watch(sockets, fd, 0);
}

/* An error of a socket is for both: libcurl will meet it. */
static int mask_of(uint32_t ready)
{
        int mask = 0;

        if ((ready & ~(uint32_t)EPOLLOUT) != 0)
                mask |= CURL_CSELECT_IN;
        if ((ready & ~(uint32_t)(EPOLLIN | EPOLLRDHUP)) != 0)
                mask |= CURL_CSELECT_OUT;
        return mask;
}

/* libcurl takes one that is shut down for dead. */
static void end_idle(struct curl_sockets *sockets, int fd)
{
        shutdown(fd, SHUT_RDWR);
        watch(sockets, fd, 0);
}

static uint64_t now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

void curl_sockets_settle(struct curl_sockets *sockets)
{
        if (now() - sockets->looked_at >= MOMENT)
                curl_sockets_look(sockets, NULL, 0);
}

size_t curl_sockets_look(
        struct curl_sockets *sockets, struct curl_ready *ret_ready, size_t max)
{
        struct epoll_event ready[BATCH];
        int count = epoll_wait(sockets->epoll, ready, BATCH, 0);
        size_t others = 0;

        sockets->looked_at = now();
        for (int i = 0; i < count; i++) {
                int fd = ready[i].data.fd;

                if (sockets->list[fd].is_idle)
                        end_idle(sockets, fd);
                else if (others < max)
                        ret_ready[others++] = (struct curl_ready){
                                fd, mask_of(ready[i].events)};
        }
        return others;
}
