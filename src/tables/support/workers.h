/* SPDX-License-Identifier: MIT */
/*
 * Lookups that block, on threads of their table's own. Each thread has a state,
 * such as a connection, that it opens itself. A lookup that waits for its
 * answer (it has no finish) is run on the asker's thread instead.
 */
#ifndef TABLES_SUPPORT_WORKERS_H
#define TABLES_SUPPORT_WORKERS_H

#include "tables/table.h"

struct workers;

struct workers_type {
        /*
         * Begins a thread's state before its first lookup. Returns NULL with
         * the reason: the lookup fails with it, and the next one tries again.
         * Without it the state is NULL.
         */
        void *(*begin)(void *ctx, struct reason *ret_reason);
        void (*end)(void *state);
        /*
         * Answers a lookup: it sets the answer, on any of the threads, several
         * at a time. The key and the arena are copies of the asker's; what the
         * value points to lives in that arena, or until the table closes.
         * One that it leaves without an answer is for another thread: this one
         * takes no other for a second.
         */
        void (*run)(void *ctx, void *state, struct lookup *lookup);
        /*
         * Lets go of what a state keeps from one lookup to the next, such as a
         * transaction: before its thread waits for work, and before a lookup
         * that was asked after the first one of those that shared it was run.
         * NULL: it keeps nothing.
         */
        void (*rest)(void *state);
        /* Frees ctx, when no thread runs any more. NULL: nothing to do. */
        void (*free)(void *ctx);
};

/*
 * env: its events, threads and queue. Threads are started as they are needed.
 * Returns NULL when there is no memory; then ctx is still the caller's.
 */
struct workers *workers_new(const struct table_env *env,
        const struct workers_type *type, void *ctx);

/*
 * Has a thread that has had nothing to do for so many milliseconds end its
 * state; it begins another one for its next lookup. Before the first lookup.
 */
void workers_end_idle(struct workers *workers, uint64_t interval);

/*
 * Has a lookup run: start and cancel of a table. With all threads busy and the
 * queue full it fails at once. One that is past its deadline when its turn
 * comes is not run: it fails.
 */
enum progress workers_start(struct workers *workers, struct lookup *lookup);
void workers_cancel(struct workers *workers, struct lookup *lookup);

/*
 * Ends the threads, without waiting for those that are busy: they end, and then
 * free what they use. NULL does nothing.
 */
void workers_close(struct workers *workers);

#endif
