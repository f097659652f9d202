/* SPDX-License-Identifier: MIT */
#include "lib/link.h"
#include "lib/asker.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a client may go on sending after its last reply, in ms. */
enum { LINGER = 1000 };

static void on_poll(uv_poll_t *poll, int status, int events);

static bool has_unsent(const struct link *link)
{
        return link->unsent.size > 0;
}

static void free_link(uv_handle_t *handle)
{
        struct link *link = (struct link *)handle;
        struct core *core = link->core;

        free(link);
        core_handle_closed(core);
}

static void list_add(struct core *core, struct link *link)
{
        link->older = core->newest;
        if (core->newest != NULL)
                core->newest->newer = link;
        else
                core->oldest = link;
        core->newest = link;
        core->link_count++;
        counters_add(&core->counters, SOCKETMAP_COUNT_CONNECTIONS, 1);
}

static void list_remove(struct core *core, struct link *link)
{
        if (link->older != NULL)
                link->older->newer = link->newer;
        else
                core->oldest = link->newer;
        if (link->newer != NULL)
                link->newer->older = link->older;
        else
                core->newest = link->older;
        core->link_count--;
        counters_add(
                &core->counters, SOCKETMAP_COUNT_CONNECTIONS, (uint64_t)-1);
}

/* Keeps the server's sum of memory; returns the link's part of it. */
static void charge(struct link *link, size_t bytes)
{
        struct core *core = link->core;

        if (bytes == link->charged)
                return;
        core->memory += bytes - link->charged;
        link->charged = bytes;
        counters_add(&core->counters, SOCKETMAP_COUNT_MEMORY,
                core->memory -
                        counters_get(&core->counters, SOCKETMAP_COUNT_MEMORY));
}

static void watch(struct link *link, unsigned char events)
{
        if (events == link->events)
                return;
        link->events = events;
        if (events == 0)
                uv_poll_stop(&link->poll);
        else
                uv_poll_start(&link->poll, events, on_poll);
}

/* The client will not read an answer: the lookup's result is dropped. */
static void cancel(struct link *link)
{
        if (link->waiting == NULL)
                return;
        held_close(link->waiting, HELD_CANCELED);
        link->waiting->link = NULL;
        link->waiting = NULL;
        counters_add(&link->core->counters, SOCKETMAP_COUNT_CANCELED, 1);
}

/* Ends everything but the socket itself. */
static void let_go(struct link *link)
{
        struct core *core = link->core;

        cancel(link);
        alarm_clear(&core->alarm, &link->due);
        alarm_leave(&core->alarm);
        list_remove(core, link);
        link->scope->users--;
        charge(link, 0);
        peers_leave(&core->peers, link->peer);
        connection_fini(&link->connection);
        buffer_clear(&link->unsent);
        uv_close((uv_handle_t *)&link->poll, free_link);
}

void link_close(struct link *link)
{
        let_go(link);
        close(link->fd);
        link->core->closed(link->core);
}

void link_give(struct link *link)
{
        struct core *core = link->core;
        struct connection rest = link->connection;
        struct socketmap_connection given = {.fd = link->fd,
                .listener = scope_name(link->scope),
                .unread = rest.next,
                .unread_size = rest.unparsed};

        if (link->waiting != NULL || has_unsent(link) || rest.ended ||
                rest.fault != CONNECTION_SOUND)
                return;
        /* libuv must be out of the socket before somebody else is in it. */
        link->connection = (struct connection){0};
        let_go(link);
        core->receiver.give(core->receiver.ctx, &given);
        connection_fini(&rest);
        core->closed(core);
}

/* Sends, or says by -EAGAIN that the socket is full. */
static ssize_t send_some(int fd, const char *bytes, size_t size)
{
        ssize_t n;

        do
                n = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/*
 * The socket takes no more now. A long rest takes the buffer with it, so that
 * nothing is copied, and the server grows another one; a short rest must not
 * hold so much memory.
 */
static int set_aside(struct link *link, size_t sent)
{
        struct buffer *out = &link->core->out;
        size_t rest = out->size - sent;
        int r = 0;

        link->since = uv_now(link->core->loop);
        if (rest > out->capacity / 4) {
                link->unsent = *out;
                link->sent = sent;
                *out = (struct buffer){0};
                return 0;
        }
        r = buffer_append(&link->unsent, out->data + sent, rest);
        link->sent = 0;
        out->size = 0;
        return r;
}

/* Sends what the lookups have answered. Returns 0 or a negative errno. */
static int send_replies(struct link *link)
{
        struct buffer *out = &link->core->out;
        ssize_t n;

        if (out->size == 0)
                return 0;
        link->used = uv_now(link->core->loop);
        n = send_some(link->fd, out->data, out->size);
        if (n == (ssize_t)out->size) {
                out->size = 0;
                return 0;
        }
        if (n < 0 && n != -EAGAIN) {
                out->size = 0;
                return (int)n;
        }
        return set_aside(link, n < 0 ? 0 : (size_t)n);
}

/* Sends what was set aside. Returns 1 when that is done, 0, or an errno. */
static int send_unsent(struct link *link)
{
        struct buffer *out = &link->core->out;
        ssize_t n = send_some(link->fd, link->unsent.data + link->sent,
                link->unsent.size - link->sent);

        if (n < 0)
                return n == -EAGAIN ? 0 : (int)n;
        link->sent += (size_t)n;
        link->since = uv_now(link->core->loop);
        if (link->sent < link->unsent.size)
                return 0;
        if (out->capacity < link->unsent.capacity) {
                /* Back where it came from: the next large reply needs it. */
                buffer_clear(out);
                *out = link->unsent;
                out->size = 0;
                link->unsent = (struct buffer){0};
        }
        buffer_clear(&link->unsent);
        link->sent = 0;
        return 1;
}

static size_t memory_of(const struct link *link)
{
        size_t memory = link->connection.kept.capacity + link->unsent.capacity;

        return link->waiting != NULL ? memory + held_size(link->waiting)
                                     : memory;
}

static void on_due(struct due *due);

/* When the first of all that it waits for has taken too long. */
static uint64_t next_due(const struct link *link)
{
        const struct limits *limits = &link->core->limits;
        uint64_t when = UINT64_MAX;

        if (link->finishing)
                return link->since + LINGER;
        if (link->waiting != NULL)
                when = link->waiting->request.deadline;
        if (has_unsent(link)) {
                uint64_t stall =
                        link->since + limits_get(limits, SOCKETMAP_LIMIT_STALL);

                when = stall < when ? stall : when;
        } else if (link->partial) {
                when = link->since +
                       limits_get(limits, SOCKETMAP_LIMIT_PARTIAL);
        }
        return when;
}

/* An idle connection, without a partial request, may stay for ever. */
static void set_due(struct link *link)
{
        uint64_t when = next_due(link);

        link->due.fire = on_due;
        if (when == UINT64_MAX)
                alarm_clear(&link->core->alarm, &link->due);
        else if (link->due.slot == 0 || link->due.when != when)
                alarm_set(&link->core->alarm, &link->due, when);
}

/*
 * Watches for what the link needs next. A link that waits for a lookup goes on
 * watching for bytes: most clients send none until they have their answer, and
 * to change what is watched costs a system call.
 */
static void set_watch(struct link *link)
{
        if (has_unsent(link))
                watch(link, UV_WRITABLE);
        else if (link->waiting == NULL)
                watch(link, UV_READABLE);
        else if (link->half_closed)
                watch(link, link->events != 0 ? UV_PRIORITIZED : 0);
        else if (link->events == UV_WRITABLE)
                watch(link, UV_DISCONNECT);
}

/* Notes whether a request has begun to arrive, and since when. */
static void set_partial(struct link *link, enum connection_next next)
{
        bool partial = next == CONNECTION_READ && link->connection.unparsed > 0;

        if (partial && !link->partial && !has_unsent(link))
                link->since = uv_now(link->core->loop);
        link->partial = partial;
}

static void log_broken(const struct link *link)
{
        enum connection_fault fault = link->connection.fault;
        char peer[64];

        if (fault != CONNECTION_BAD_FRAME && fault != CONNECTION_TOO_LARGE)
                return;
        counters_add(&link->core->counters, SOCKETMAP_COUNT_BAD_FRAMES, 1);
        peer_format(link->peer, peer, sizeof(peer));
        core_log(link->core, SOCKETMAP_LOG_WARNING,
                "closed a connection of %s: %s", peer,
                fault == CONNECTION_TOO_LARGE
                        ? "its request is larger than the limit"
                        : "what it sent is not a netstring");
}

/* Tells whether there are bytes that were not received yet. */
static bool has_unread(const struct link *link)
{
        char byte;

        return recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/*
 * Closes after the last reply. With bytes unread, or still to come, the kernel
 * would answer the client by a reset, which can overtake that reply: unless it
 * has ended, and all it sent is read, the client gets some time to do so.
 */
static void finish(struct link *link)
{
        log_broken(link);
        if (link->connection.ended && !has_unread(link)) {
                link_close(link);
                return;
        }
        shutdown(link->fd, SHUT_WR);
        connection_fini(&link->connection);
        link->finishing = true;
        link->since = uv_now(link->core->loop);
        set_due(link);
        set_watch(link);
        charge(link, 0);
}

/* Everything that could be done now is done: waits for the next event. */
static void settle(struct link *link, enum connection_next next)
{
        struct core *core = link->core;

        if (next == CONNECTION_CLOSE && !has_unsent(link)) {
                finish(link);
                return;
        }
        if (connection_keep(&link->connection) < 0) {
                link_close(link);
                return;
        }
        if (core->receiver.give != NULL && next == CONNECTION_READ &&
                !has_unsent(link)) {
                link_give(link);
                return;
        }
        set_partial(link, next);
        set_due(link);
        set_watch(link);
        charge(link, memory_of(link));
        if (core->memory > limits_get(&core->limits, SOCKETMAP_LIMIT_MEMORY))
                core->crowded(core);
}

static struct asker asker_of(struct link *link)
{
        struct core *core = link->core;

        return (struct asker){.limits = &core->limits,
                .counters = &core->counters,
                .mailbox = core->mailbox,
                .scope = link->scope,
                .deadline = link->received + limits_get(&core->limits,
                                                     SOCKETMAP_LIMIT_DEADLINE)};
}

/* Asks and answers as far as it goes without blocking. */
static void advance(struct link *link)
{
        struct core *core = link->core;
        struct asker asker = asker_of(link);
        struct connection_host host = {
                .request_limit =
                        limits_get(&core->limits, SOCKETMAP_LIMIT_REQUEST_SIZE),
                .ask = asker_ask,
                .ctx = &asker};
        unsigned asked = link->connection.asked;
        enum connection_next next;
        int r;

        do {
                next = connection_run(&link->connection, &host, &core->out);
                if (next == CONNECTION_WAIT) {
                        link->waiting = asker.held;
                        link->waiting->link = link;
                }
                r = send_replies(link);
        } while (r == 0 && next == CONNECTION_WRITE && !has_unsent(link));
        if (link->connection.asked != asked)
                link->partial = false; /* a new one has its own time */
        if (r < 0)
                link_close(link);
        else
                settle(link, next);
}

/* Tells whether all has been said, so that it only has to be closed. */
static bool is_over(const struct link *link)
{
        return link->finishing ||
               uv_is_closing((const uv_handle_t *)&link->poll);
}

/* Tells whether bytes that arrive now would be taken. */
static bool is_reading(const struct link *link)
{
        return link->waiting == NULL && !has_unsent(link) &&
               !link->connection.ended && !is_over(link);
}

/* Takes what has arrived. Returns whether there was something. */
static bool receive(struct link *link)
{
        struct core *core = link->core;
        ssize_t n = recv(link->fd, core->in, CORE_IN_SIZE, MSG_DONTWAIT);

        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        link_close(link);
                return false;
        }
        link->received = uv_now(core->loop);
        if (n == 0) {
                connection_end(&link->connection);
        } else if (connection_feed(&link->connection, core->in, (size_t)n) <
                   0) {
                link_close(link);
                return false;
        }
        advance(link);
        return n > 0;
}

/* Reads on without looking, until the client ends. */
static void discard(struct link *link)
{
        ssize_t n = recv(link->fd, link->core->in, CORE_IN_SIZE, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                link_close(link);
}

/* The answer of the request under way has been appended to where it belongs. */
static void go_on(struct link *link)
{
        link->waiting->link = NULL;
        link->waiting = NULL;
        connection_answered(&link->connection);
        if (has_unsent(link))
                settle(link, CONNECTION_WRITE);
        else
                advance(link);
}

/* Where the next reply goes: behind what is still unsent. */
static struct buffer *out_of(struct link *link)
{
        return has_unsent(link) ? &link->unsent : &link->core->out;
}

void link_answer(struct link *link)
{
        struct asker asker = asker_of(link);

        if (asker_append(&asker, link->waiting, out_of(link)) < 0)
                link_close(link);
        else
                go_on(link);
}

static void log_expired(struct link *link, const char *what)
{
        char peer[64];

        counters_add(&link->core->counters, SOCKETMAP_COUNT_EXPIRED, 1);
        peer_format(link->peer, peer, sizeof(peer));
        core_log(link->core, SOCKETMAP_LOG_WARNING,
                "closed a connection of %s: %s", peer, what);
        link_close(link);
}

/* The request's deadline has come: TIMEOUT, unless it was just answered. */
static void expire(struct link *link)
{
        struct asker asker = asker_of(link);
        int r = asker_expire(&asker, link->waiting, out_of(link));

        if (r < 0)
                link_close(link);
        else if (r > 0)
                go_on(link);
}

static void on_due(struct due *due)
{
        struct link *link =
                (struct link *)((char *)due - offsetof(struct link, due));

        if (link->finishing)
                link_close(link);
        else if (link->waiting != NULL &&
                 link->waiting->request.deadline <= link->due.when)
                expire(link);
        else if (has_unsent(link))
                log_expired(link, "it doesn't take its replies");
        else
                log_expired(link, "the rest of its request did not come");
}

static void on_writable(struct link *link)
{
        int r = has_unsent(link) ? send_unsent(link) : 1;

        if (r < 0)
                link_close(link);
        else if (r == 0 || link->waiting != NULL)
                settle(link,
                        link->waiting ? CONNECTION_WAIT : CONNECTION_WRITE);
        else
                advance(link);
}

/*
 * Something happened on a connection whose request is being looked up. Bytes
 * may wait until it is answered, and so may the end of the requests; only a
 * client that is gone for good cancels the lookup.
 */
static void on_disturbance(struct link *link, int events)
{
        struct pollfd state = {.fd = link->fd, .events = POLLRDHUP};

        if (events == UV_READABLE) {
                watch(link, UV_DISCONNECT);
                return;
        }
        if (poll(&state, 1, 0) < 0)
                return;
        if ((state.revents & (POLLHUP | POLLERR)) != 0) {
                link_close(link);
                return;
        }
        /* Its end of the requests would be told for ever; urgent data too. */
        watch(link, link->half_closed ? 0 : UV_PRIORITIZED);
        link->half_closed = true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
        struct link *link = (struct link *)poll;

        if (status < 0)
                link_close(link);
        else if (link->finishing)
                discard(link);
        else if ((events & UV_WRITABLE) != 0)
                on_writable(link);
        else if (link->waiting != NULL)
                on_disturbance(link, events);
        else
                receive(link);
}

int link_feed(struct link *link, const void *bytes, size_t size)
{
        int r = buffer_append(&link->connection.kept, bytes, size);

        if (r < 0) {
                link_close(link);
                return r;
        }
        link->connection.next = link->connection.kept.data;
        link->connection.unparsed = size;
        link->partial = true;
        link->since = uv_now(link->core->loop);
        set_due(link);
        charge(link, memory_of(link));
        watch(link, UV_WRITABLE);
        return 0;
}

void link_drain(struct link *link)
{
        enum { ENOUGH = 16 };

        if (link->finishing) {
                link_close(link);
                return;
        }
        for (int n = 0; n < ENOUGH && is_reading(link); n++) {
                if (!receive(link))
                        break;
        }
        if (is_over(link))
                return;
        connection_end(&link->connection);
        if (link->waiting == NULL && !has_unsent(link))
                advance(link);
}

bool link_is_idle(const struct link *link)
{
        if (link->finishing)
                return true;
        return link->waiting == NULL && !has_unsent(link) && !has_unread(link);
}

/* A single write a reply must leave at once; a dead peer must be noticed. */
static void set_tcp_options(int fd)
{
        int on = 1;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* Takes a place among the server's links. Returns 0 or a negative errno. */
static int join(struct link *link, struct core *core, int fd)
{
        int r = alarm_join(&core->alarm);

        if (r < 0)
                return r;
        link->peer = peers_join(&core->peers, fd);
        r = link->peer != NULL ? uv_poll_init(core->loop, &link->poll, fd)
                               : -ENOMEM;
        if (r < 0) {
                peers_leave(&core->peers, link->peer);
                alarm_leave(&core->alarm);
                return r;
        }
        core->handles++;
        list_add(core, link);
        counters_add(&core->counters, SOCKETMAP_COUNT_ACCEPTED, 1);
        return 0;
}

int link_open(struct core *core, struct scope *scope, int fd)
{
        struct link *link = calloc(1, sizeof(*link));
        int r = link != NULL ? join(link, core, fd) : -ENOMEM;

        if (r < 0) {
                free(link);
                close(fd);
                return r;
        }
        link->core = core;
        link->scope = scope;
        scope->users++;
        link->fd = fd;
        link->received = uv_now(core->loop);
        if (peer_is_network(link->peer))
                set_tcp_options(fd);
        set_watch(link);
        return 0;
}
