/* SPDX-License-Identifier: MIT */
/* One request and its reply, in a protocol where each waits for the other. */
#ifndef TABLES_SUPPORT_EXCHANGE_H
#define TABLES_SUPPORT_EXCHANGE_H

#include "tables/support/channel.h"
#include "tables/table.h"

struct protocol {
        /* Writes the request for a key to `out`. Returns 0 or -errno. */
        int (*request)(const void *ctx, struct span key, struct bytes *out);
        /*
         * Looks for the reply that the bytes begin with. Returns 0 when some
         * are missing; 1 when it is whole: the lookup is answered, by a value
         * in its arena, and *ret_size bytes are the reply's; -EBADMSG when
         * that is no reply, and the lookup has failed with the reason. It has
         * to bound how many it asks for.
         */
        int (*reply)(const void *ctx, struct span bytes, struct lookup *lookup,
                size_t *ret_size);
};

/* Whom to ask, and how. Borrowed by all that asks. */
struct server {
        const char *name; /* for reasons */
        struct address address;
        const struct protocol *protocol;
        const void *ctx; /* the protocol's */
        const char
                *lost; /* what to say of a lost connection; NULL: the usual */
        /*
         * It is at the other end of a socketpair, and not much is to be thought
         * of it: a reply with anything behind it, or that came before the
         * request was read, is none.
         */
        bool is_process;
};

/* How long a server may take if nobody says: Postfix's, in milliseconds. */
#define EXCHANGE_TIME 100000

/* Returns when the lookup has to be answered. */
uint64_t exchange_deadline(const struct lookup *lookup);

/* Prepares the request. Returns 0 or a negative errno. */
int exchange_begin(const struct server *server, struct channel *channel,
        const struct lookup *lookup);

/*
 * Asks a process for its attention: sends it the first byte of the request.
 * When it has read that, it has written all that it had to write before, if it
 * does one thing after the other; what is there then is no reply to this.
 * Returns 1 when the request may go on; 0 when it is to be called again, a
 * little later; a negative errno when the process is of no more use.
 */
int exchange_knock(struct channel *channel);

/*
 * Sends and receives as far as that goes. Returns 0 when the socket has to be
 * ready for *ret_what (EVENT_READ or EVENT_WRITE) first; 1 when the lookup is
 * answered, and `in` has what came behind the reply; a negative errno, for the
 * connection is of no more use: as protocol.reply, channel_send and
 * channel_receive.
 */
int exchange_go_on(const struct server *server, struct channel *channel,
        struct lookup *lookup, unsigned *ret_what);

/* Fails the lookup for an error of the above, or -ETIMEDOUT. */
enum progress exchange_failed(
        const struct server *server, struct lookup *lookup, int error);

/*
 * Asks over a connection of its own, and waits. Lost before the reply was
 * whole, another one is made, once.
 */
enum progress exchange_wait(const struct server *server, struct lookup *lookup);

/*
 * Connects to the first of the targets that can be connected to, and waits: for
 * each no longer than leaves as much time for each of those behind it.
 * Returns 0 with the descriptor in the channel, or a negative errno.
 */
int exchange_connect(struct channel *channel, const struct targets *targets,
        uint64_t deadline);

/*
 * Waits for a descriptor to be ready for `what` (EVENT_READ, EVENT_WRITE,
 * either of both). Returns 0, -ETIMEDOUT or another negative errno.
 */
int exchange_wait_for(int fd, unsigned what, uint64_t deadline);

#endif
