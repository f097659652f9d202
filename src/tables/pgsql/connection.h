/* SPDX-License-Identifier: MIT */
/*
 * A connection to PostgreSQL on events: it is asked for several lookups
 * together, and is idle again when all their results are there.
 */
#ifndef TABLES_PGSQL_CONNECTION_H
#define TABLES_PGSQL_CONNECTION_H

#include "tables/pgsql/pipeline.h"
#include "tables/support/hosts.h"

/*
 * How long a result may take, while others wait behind it, until these are
 * better asked on another connection; in milliseconds.
 */
#define CONNECTION_STALL 500

struct connection {
        struct pipeline pipeline;
        struct host *host;
        struct event *event;
        int fd; /* the socket, by a number that libpq does not close */
        unsigned watched; /* what the descriptor has to be ready for */
        bool is_stalled;
        bool is_used;    /* it has answered */
        uint64_t made;   /* when */
        uint64_t number; /* the owner's */
        const struct connection_owner *owner;
        void *ctx; /* the owner's */
        uint64_t idle_interval;
};

/* What the owner is told. It may free the connection in all of these. */
struct connection_owner {
        /*
         * A lookup is answered, as the verdict says. Returns false when the
         * connection was freed.
         */
        bool (*answered)(struct connection *connection,
                struct question *question, enum pgsql_verdict verdict);
        /* All results are there. */
        void (*rested)(struct connection *connection);
        /* It was idle for long, or has ended meanwhile. */
        void (*unused)(struct connection *connection);
        /* A result is slow: those behind it may be taken back, once. */
        void (*stalled)(struct connection *connection);
        /* A deadline has passed, or nobody waits for a result that is slow. */
        void (*late)(struct connection *connection);
        /* The next result is too large. */
        void (*too_large)(
                struct connection *connection, const struct reason *reason);
        /* It is of no more use. The reason doesn't name the host. */
        void (*lost)(
                struct connection *connection, const struct reason *reason);
};

/*
 * Takes an open connection, even if it fails: it returns NULL. idle_interval:
 * in milliseconds. This and what follows: on the events' thread.
 */
struct connection *connection_new(struct events *events,
        const struct connection_owner *owner, void *ctx,
        struct pgsql_query *query, struct host *host, struct pg_conn *conn,
        uint64_t idle_interval);

/* The questions are forgotten. */
void connection_free(struct connection *connection);

/*
 * Asks, when it is idle: as pipeline_ask. The owner is not told of anything
 * inside of it.
 */
int connection_ask(struct connection *connection, struct question **questions,
        size_t count, struct reason *ret_reason);

/* Forgets a question: its result will be dropped. */
void connection_forget(
        struct connection *connection, struct question *question);

#endif
