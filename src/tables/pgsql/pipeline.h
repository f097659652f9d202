/* SPDX-License-Identifier: MIT */
/*
 * Questions sent together over a connection, in libpq's pipeline mode. Nothing
 * here waits.
 */
#ifndef TABLES_PGSQL_PIPELINE_H
#define TABLES_PGSQL_PIPELINE_H

#include "tables/pgsql/query.h"
#include "tables/support/questions.h"

/* How many are sent together. */
#define PIPELINE_MAX ((size_t)64)

struct pipeline {
        struct pg_conn *conn;
        struct pgsql_query *query;
        const char *host; /* its name, for reasons */

        struct pipeline_slot {
                struct question *question; /* NULL: nobody waits any more */
                uint64_t deadline;
        } slots[PIPELINE_MAX];
        size_t next, count; /* the slot whose result is next; and their end */
        size_t syncs;       /* ends of transactions that are to come */
        enum pgsql_form form;
        /*
         * The statement is prepared once, by a name that nobody else has on
         * any server: wherever the question comes to, it is that statement
         * that answers it, or none. Without names, each time.
         */
        char name[40];
        bool is_preparing;        /* the result of that comes first */
        bool is_prepared;         /* by the name */
        struct pg_result *result; /* the last one of the slot */
        size_t received;          /* bytes for this slot, or a few more */
        bool may_have_more;       /* of what has been received */
};

/* Takes the connection; borrows the rest. No reason of these names the host,
 * but those of the lookups do. */
void pipeline_init(struct pipeline *pipeline, struct pgsql_query *query,
        const char *host, struct pg_conn *conn);

/* Ends the connection; the questions are forgotten. */
void pipeline_fini(struct pipeline *pipeline);

/* Whether results are to come. */
bool pipeline_is_busy(const struct pipeline *pipeline);

/* Returns how many questions wait for their results. */
size_t pipeline_count(const struct pipeline *pipeline);

/*
 * Puts questions into the buffer of a connection that is not busy. Those that
 * cannot be asked are left in the list, their lookups failed; the others are
 * set to NULL there. Returns 0, or -ENOTCONN: the connection is of no more use.
 */
int pipeline_ask(
        struct pipeline *pipeline, struct question **questions, size_t count);

/*
 * Sends what is in the buffer. Returns what the socket has to be ready for to
 * go on (EVENT_READ and the like), or -ENOTCONN with the reason.
 */
int pipeline_send(struct pipeline *pipeline, struct reason *ret_reason);

/*
 * Has a question asked in another way the next time, if that may be better than
 * a failure. Returns false if it's answered by now.
 */
bool pipeline_asks_anew(struct question *question, enum pgsql_verdict verdict);

/* Forgets a question: its result will be dropped. */
void pipeline_forget(struct pipeline *pipeline, struct question *question);

/*
 * Takes a question back, the last of them; but not the first `keep` whose
 * results are to come. NULL: there is none.
 */
struct question *pipeline_take_back(struct pipeline *pipeline, size_t keep);

#endif
