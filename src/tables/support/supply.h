/* SPDX-License-Identifier: MIT */
/*
 * Where a remote has its connections from: the server's address, or somebody
 * who opens them, such as one who starts processes.
 */
#ifndef TABLES_SUPPORT_SUPPLY_H
#define TABLES_SUPPORT_SUPPLY_H

#include "tables/support/dialer.h"
#include "tables/support/exchange.h"
#include "tables/support/health.h"

/*
 * Who has connections in place of the server's address, which cost more: they
 * are kept however long they are idle, and when a lookup is cancelled; its
 * reply is waited for, and nobody's. When one is lost before its first reply,
 * the server rests.
 */
struct opener {
        /*
         * Returns -EINPROGRESS: opened is called later, never inside of
         * this, with a connected socket, or -1 and the reason; -EAGAIN: not
         * before *ret_time; or another negative errno, with the reason.
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
        void (*opened)(void *ctx, int fd, const struct reason *reason);
        void *ctx; /* of opened. The supply sets both */
};

struct supply {
        const struct server *server;
        struct opener *opener; /* NULL: there is a dialer */
        struct dialer *dialer;
        bool is_dialing;
        size_t dialed; /* connections of the dialer's that are not closed */
        uint64_t dialed_at; /* when that was begun */
        struct health health;
        void (*done)(void *ctx, int fd);
        void *ctx;
};

/*
 * done is told of a connected descriptor, or -1 when there was none and the
 * server rests. opener: NULL: there is none. Any thread. Returns 0 or -ENOMEM.
 */
int supply_init(struct supply *supply, const struct table_env *env,
        const struct server *server, struct opener *opener,
        void (*done)(void *ctx, int fd), void *ctx);

/* Ends what has begun: done is not called. */
void supply_fini(struct supply *supply);

/*
 * Returns a connected descriptor; -EINPROGRESS: done is called later, never
 * inside of this; -EAGAIN: not before *ret_time; or another negative errno:
 * there was none, and the server rests.
 */
int supply_open(struct supply *supply, uint64_t *ret_time);

/* Closes a connection, as struct opener says. */
void supply_close(struct supply *supply, int fd, int error, bool has_answered);

/* Has the server rest. */
void supply_rest(struct supply *supply, const char *why);

/* Whether there will be no connection for a while; supply->health says why. */
bool supply_rests(const struct supply *supply);

#endif
