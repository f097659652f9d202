/* SPDX-License-Identifier: MIT */
/*
 * What pools of connections have in common, whatever they ask over these: their
 * lookups wait until the end of the loop's turn, when all that came together
 * are there together; each is told of in the end, or fails by its deadline.
 *
 * Which connection a question is given to is for the owner. On the events'
 * thread, but for pool_init.
 */
#ifndef TABLES_SUPPORT_POOL_H
#define TABLES_SUPPORT_POOL_H

#include "base/events.h"
#include "tables/support/questions.h"

/* How long a lookup may take if nobody says, in milliseconds. */
#define POOL_TIME 10000

struct pool {
        struct post turn; /* first: its end */
        bool is_turn_due;
        struct events *events;
        struct questions questions;
        void (*dispatch)(struct pool *pool);
        bool *is_closed; /* of whoever calls an asker; NULL: nobody does */
};

/*
 * env: its events and queue. dispatch: gives the questions to connections, as
 * far as there are some.
 */
void pool_init(struct pool *pool, const struct table_env *env,
        void (*dispatch)(struct pool *pool));

/* No lookup is under way. */
void pool_fini(struct pool *pool);

/* Has dispatch called at the end of this turn. */
void pool_dispatch_later(struct pool *pool);

/* Returns when the lookup has to be answered. */
uint64_t pool_deadline(const struct lookup *lookup);

/*
 * Has a lookup wait for its dispatch. obstacle: why it fails at once; NULL:
 * nothing is in its way.
 */
enum progress pool_ask(struct pool *pool, struct lookup *lookup,
        const struct reason *obstacle);

/*
 * Cancels a lookup. Returns its question if it is asked by now: its connection
 * has to forget it. NULL: that was all.
 */
struct question *pool_cancel(struct pool *pool, struct lookup *lookup);

/* Tells the asker, who may close the pool. Returns false then. */
bool pool_tell(struct pool *pool, struct lookup *lookup);

#endif
