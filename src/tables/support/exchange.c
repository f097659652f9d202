/* SPDX-License-Identifier: MIT */
#include "tables/support/exchange.h"
#include "base/events.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>

/* The next try where a server's queue was full, in milliseconds. */
#define FULL_TIME 10

uint64_t exchange_deadline(const struct lookup *lookup)
{
        uint64_t last = events_now() + EXCHANGE_TIME;

        return lookup->deadline < last ? lookup->deadline : last;
}

int exchange_begin(const struct server *server, struct channel *channel,
        const struct lookup *lookup)
{
        channel->out.size = 0;
        channel->in.size = 0;
        channel->sent = 0;
        return server->protocol->request(
                server->ctx, lookup->key, &channel->out);
}

int exchange_knock(struct channel *channel)
{
        size_t size = channel->out.size;
        int r;

        channel->out.size = 1;
        r = channel_send(channel);
        channel->out.size = size;
        if (r < 0)
                return r;
        /* In this order. */
        r = channel_is_read(channel);
        return channel_is_quiet(channel) ? r : -ECONNRESET;
}

/* A reply to another request, or to none. */
static int refuse(
        const struct server *server, struct lookup *lookup, const char *why)
{
        lookup_failed(lookup, "%s: %s", server->name, why);
        return -EBADMSG;
}

/* Takes the reply off what was received. */
static int find_reply(const struct server *server, struct channel *channel,
        struct lookup *lookup)
{
        struct bytes *in = &channel->in;
        size_t size;
        int r;

        if (in->size == 0)
                return 0;
        if (server->is_process && !channel_is_read(channel))
                return refuse(server, lookup,
                        "it replied before it had read the request");
        r = server->protocol->reply(
                server->ctx, (struct span){in->data, in->size}, lookup, &size);
        if (r > 0)
                in->size -= size;
        if (r > 0 && server->is_process && in->size > 0)
                return refuse(server, lookup, "it wrote more than one reply");
        return r;
}

int exchange_go_on(const struct server *server, struct channel *channel,
        struct lookup *lookup, unsigned *ret_what)
{
        int r = channel_send(channel);

        *ret_what = EVENT_WRITE;
        while (r == 0) {
                *ret_what = EVENT_READ;
                r = find_reply(server, channel, lookup);
                if (r == 0)
                        r = channel_receive(channel);
        }
        return r == -EAGAIN ? 0 : r;
}

enum progress exchange_failed(
        const struct server *server, struct lookup *lookup, int error)
{
        switch (-error) {
        case EBADMSG: /* the protocol has said why */
                return LOOKUP_DONE;
        case ETIMEDOUT:
                return lookup_failed(
                        lookup, "%s: no answer in time", server->name);
        case ECONNRESET:
                return lookup_failed(lookup, "%s: %s", server->name,
                        server->lost != NULL
                                ? server->lost
                                : "the server closed the connection without "
                                  "an answer");
        default:
                return lookup_failed(
                        lookup, "%s: %s", server->name, strerror(-error));
        }
}

int exchange_wait_for(int fd, unsigned what, uint64_t deadline)
{
        struct pollfd entry = {.fd = fd};

        if ((what & EVENT_READ) != 0)
                entry.events |= POLLIN;
        if ((what & EVENT_WRITE) != 0)
                entry.events |= POLLOUT;

        for (;;) {
                uint64_t now = events_now();
                int r;

                if (now >= deadline)
                        return -ETIMEDOUT;
                r = poll(&entry, 1,
                        deadline - now < INT_MAX ? (int)(deadline - now)
                                                 : INT_MAX);
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

/* Returns 0 with the descriptor in the channel, or a negative errno. */
static int connect_to(
        struct channel *channel, const struct target *target, uint64_t deadline)
{
        bool is_ready;
        int r;

        for (;;) {
                uint64_t now = events_now();

                channel->fd = channel_connect(target, &is_ready);
                if (channel->fd != -EAGAIN || now >= deadline)
                        break;
                exchange_wait_for(-1, EVENT_READ,
                        now + FULL_TIME < deadline ? now + FULL_TIME
                                                   : deadline);
        }
        if (channel->fd < 0)
                return channel->fd;
        r = is_ready ? 0
                     : exchange_wait_for(channel->fd, EVENT_WRITE, deadline);
        if (r == 0)
                r = channel_connected(channel->fd);
        if (r < 0)
                channel_close(channel);
        return r;
}

/* One that does not answer leaves their share of the time to the others. */
int exchange_connect(struct channel *channel, const struct targets *targets,
        uint64_t deadline)
{
        int r = -EADDRNOTAVAIL;

        for (unsigned i = 0; i < targets->count && r < 0; i++) {
                uint64_t now = events_now();
                uint64_t left = now < deadline ? deadline - now : 0;

                r = connect_to(channel, &targets->list[i],
                        now + left / (targets->count - i));
        }
        return r;
}

static int exchange(const struct server *server, struct channel *channel,
        struct lookup *lookup, uint64_t deadline)
{
        unsigned what;
        int r = exchange_begin(server, channel, lookup);

        while (r == 0) {
                r = exchange_go_on(server, channel, lookup, &what);
                if (r != 0)
                        return r;
                r = exchange_wait_for(channel->fd, what, deadline);
        }
        return r;
}

enum progress exchange_wait(const struct server *server, struct lookup *lookup)
{
        uint64_t deadline = exchange_deadline(lookup);
        struct targets targets;
        struct reason reason;
        struct channel channel;
        int r;

        if (address_resolve(&server->address, &targets, &reason) < 0)
                return lookup_failed(lookup, "%s", reason.text);
        channel_init(&channel);
        for (int tries = 0; tries < 2; tries++) {
                r = exchange_connect(&channel, &targets, deadline);
                if (r < 0)
                        break;
                r = exchange(server, &channel, lookup, deadline);
                channel_close(&channel);
                if (r != -ECONNRESET)
                        break;
        }
        return r > 0 ? LOOKUP_DONE : exchange_failed(server, lookup, r);
}
