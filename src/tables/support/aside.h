/* SPDX-License-Identifier: MIT */
/*
 * Lookups that events drive on a thread of their table's own: for what takes so
 * much time on each event that all other maps would wait for it.
 */
#ifndef TABLES_SUPPORT_ASIDE_H
#define TABLES_SUPPORT_ASIDE_H

#include "tables/table.h"

struct aside;

/* What is driven. */
struct aside_type {
        /* Gives it that thread's events, before the first lookup. */
        void (*begin)(void *ctx, struct events *events);
        /*
         * As those of a table, on that thread, with lookups that are copies;
         * but finish may be called inside of start and cancel.
         */
        enum progress (*start)(void *ctx, struct lookup *lookup);
        void (*cancel)(void *ctx, struct lookup *lookup);
        /*
         * Frees ctx, with no lookup under way: on that thread, or on the one
         * that closes if none has begun.
         */
        void (*end)(void *ctx);
};

/*
 * env: its events, on whose thread all that follows is. The thread is started
 * for the first lookup. Returns NULL when there is no memory; then ctx is still
 * the caller's.
 */
struct aside *aside_new(
        const struct table_env *env, const struct aside_type *type, void *ctx);

/* start and cancel of a table, for lookups that have a finish. */
enum progress aside_start(struct aside *aside, struct lookup *lookup);
void aside_cancel(struct aside *aside, struct lookup *lookup);

/* Ends the thread without waiting for it. NULL does nothing. */
void aside_close(struct aside *aside);

#endif
