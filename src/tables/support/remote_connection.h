/* SPDX-License-Identifier: MIT */
/*
 * A connection to a server on events, over which it is asked one question after
 * the other: each waits for the reply to the one before.
 */
#ifndef TABLES_SUPPORT_REMOTE_CONNECTION_H
#define TABLES_SUPPORT_REMOTE_CONNECTION_H

#include "tables/support/exchange.h"
#include "tables/support/questions.h"

/* How long a connection may be idle: a minute. */
#define REMOTE_IDLE 60000

struct connection {
        const struct server *server;
        bool is_process; /* what is at the other end */
        struct event *event;
        struct channel channel;
        struct question *question; /* NULL: idle */
        bool is_used;              /* it has answered before */
        bool is_knocking;          /* its request has to wait */
        uint64_t pause;            /* before it knocks again */
        uint64_t number;           /* the owner's */
        const struct connection_owner *owner;
        void *ctx; /* the owner's */
};

/* What the owner is told, as the last thing: it may free the connection. */
struct connection_owner {
        /*
         * A lookup is answered. has_more: there is more than it was asked for,
         * and the connection of no more use; else it is idle.
         */
        void (*answered)(struct connection *connection, struct lookup *lookup,
                bool has_more);
        /*
         * It is of no more use to its question: a negative errno, as of
         * exchange_go_on, or -ETIMEDOUT.
         */
        void (*lost)(struct connection *connection, int error);
        /* It was idle for long, has ended, or said what nobody asked for. */
        void (*unused)(struct connection *connection);
};

/*
 * On a connected descriptor, which stays the owner's. A process may be idle for
 * ever, and is not asked before it shows that it is through with what it was
 * asked before. Returns 0 or a negative errno. On the events' thread, as all
 * that follows.
 */
int remote_connection_new(struct events *events, const struct server *server,
        bool is_process, int fd, const struct connection_owner *owner,
        void *ctx, struct connection **ret_connection);

/* The question is forgotten. */
void remote_connection_free(struct connection *connection);

/*
 * Begins to ask, when it is idle. Returns 0; or a negative errno as `lost` is
 * told, which is not called inside of this.
 */
int remote_connection_ask(
        struct connection *connection, struct question *question);

/*
 * Whether nothing of the question has become of it, if it was lost by this
 * error: another connection can be asked.
 */
bool remote_connection_is_unasked(
        const struct connection *connection, int error);

#endif
