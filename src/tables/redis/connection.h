/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis on events. What it is asked in one turn of the loop is
 * sent together, without waiting for the replies to what was sent before; these
 * come in the same order.
 */
#ifndef TABLES_REDIS_CONNECTION_H
#define TABLES_REDIS_CONNECTION_H

#include "tables/redis/query.h"
#include "tables/support/hosts.h"
#include "tables/support/questions.h"

/* How many replies may be on their way. */
#define CONNECTION_DEPTH 1024

/*
 * How long nothing may come while a lookup's deadline passes, until the
 * connection is taken for dead, in milliseconds.
 */
#define CONNECTION_STALL 500

/* A command on its way. */
struct slot {
        struct question *question; /* NULL: forgotten */
        uint64_t deadline;         /* UINT64_MAX: it has passed */
};

struct connection {
        struct redis_stream *stream;
        const struct redis_query *query;
        struct host *host;
        struct event *event;
        unsigned watched; /* what the descriptor has to be ready for */
        bool is_used;     /* it has answered */
        uint64_t heard;   /* when something came, or it was idle, last */
        uint64_t wakes;   /* the timer's time */
        uint64_t idle_interval;
        const struct connection_owner *owner;
        void *ctx; /* the owner's */
        size_t first, count;
        struct slot slots[CONNECTION_DEPTH]; /* a ring, from `first` on */
};

/* What the owner is told. It may free the connection in all of these. */
struct connection_owner {
        /*
         * A lookup is answered, as the verdict says. Returns false when the
         * connection was freed.
         */
        bool (*answered)(struct connection *connection,
                struct question *question, enum redis_verdict verdict);
        /* Some answers have been taken: there is room for others. */
        void (*rested)(struct connection *connection);
        /* It was idle for long, or has ended meanwhile. */
        void (*unused)(struct connection *connection);
        /* A deadline has passed, and the server says nothing at all. */
        void (*late)(struct connection *connection);
        /* The deadline of one lookup has passed. */
        void (*missed)(
                struct connection *connection, struct question *question);
        /* It is of no more use. */
        void (*lost)(
                struct connection *connection, const struct reason *reason);
};

/*
 * Takes an open stream, even if it fails: it returns NULL. idle_interval: in
 * milliseconds. This and what follows: on the events' thread.
 */
struct connection *redis_connection_new(struct events *events,
        const struct connection_owner *owner, void *ctx,
        const struct redis_query *query, struct host *host,
        struct redis_stream *stream, uint64_t idle_interval);

/* The questions are forgotten. */
void redis_connection_free(struct connection *connection);

/*
 * Puts a question behind the others; there has to be room for it. Returns 0 or
 * -ENOMEM: it was not. The owner is not told of anything inside of this and of
 * redis_connection_flush.
 */
int redis_connection_ask(
        struct connection *connection, struct question *question);

/* Sends what it was asked. Returns 0, or -ENOTCONN with the reason. */
int redis_connection_flush(
        struct connection *connection, struct reason *ret_reason);

/* Forgets a question: its reply will be dropped. */
void redis_connection_forget(
        struct connection *connection, struct question *question);

/* Takes a question back, the last one of them. NULL: there is none. */
struct question *redis_connection_take_back(struct connection *connection);

#endif
