/* SPDX-License-Identifier: MIT */
/*
 * Asks a server without waiting, over a few connections that stay open, each
 * with one request at a time: more are made while lookups wait, up to a limit.
 *
 * A connection on which anything comes unasked is closed, and so is one whose
 * lookup was cancelled or out of time: no reply can become another key's. A
 * lookup whose connection was lost before the reply was whole is asked once
 * more, on a new one.
 *
 * A server that cannot be reached is tried again at once, but not in every
 * instant: meanwhile lookups fail with the reason.
 *
 * The server may also be at the other end of sockets that somebody opens, such
 * as those of processes.
 */
#ifndef TABLES_SUPPORT_REMOTE_H
#define TABLES_SUPPORT_REMOTE_H

#include "tables/support/exchange.h"

/* How many connections a table may have. */
#define REMOTE_CONNECTIONS_MAX 8

/* How long a server that cannot be reached rests, in milliseconds. */
#define REMOTE_REST 100

/* How long a connection may be idle: a minute. */
#define REMOTE_IDLE 60000

struct remote;

/*
 * Who has connections in place of the server's address, which cost more: they
 * are kept however long they are idle, and when a lookup is cancelled; its
 * reply is waited for, and nobody's. When one is lost before its first reply,
 * the server rests.
 */
struct opener {
        /*
         * Returns a connected socket; -EAGAIN: not before *ret_time; or
         * another negative errno, with the reason.
         */
        int (*open)(struct opener *opener, uint64_t *ret_time,
                struct reason *ret_reason);
        /*
         * Takes a socket back, to be closed. error: why it is of no more use,
         * as from exchange_go_on, or -ETIMEDOUT; 0: nobody waits for a reply;
         * -ECANCELED: nobody will any more.
         */
        void (*close)(
                struct opener *opener, int fd, int error, bool has_answered);
        size_t most;   /* sockets */
        uint64_t rest; /* in milliseconds */
};

/*
 * Borrows the server until the end, and the opener, if there is one. env: its
 * events, queue. Any thread. Returns NULL when there is no memory.
 */
struct remote *remote_new(
        const struct table_env *env, const struct server *server);
struct remote *remote_new_opened(const struct table_env *env,
        const struct server *server, struct opener *opener);

/* start and cancel of a table. A lookup without finish is asked by itself. */
enum progress remote_start(struct remote *remote, struct lookup *lookup);
void remote_cancel(struct remote *remote, struct lookup *lookup);

/* No lookup is under way. The events' thread. NULL does nothing. */
void remote_close(struct remote *remote);

#endif
