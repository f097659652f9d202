/* SPDX-License-Identifier: MIT */
/*
 * Whether a server does what it is asked to, who is told when that changes, and
 * its rest while it cannot be reached. For one thread at a time.
 */
#ifndef TABLES_SUPPORT_HEALTH_H
#define TABLES_SUPPORT_HEALTH_H

#include "tables/table.h"

struct health {
        const struct table_watcher *watcher; /* NULL: nobody is told */
        char *map;
        const char *server;
        bool has_failed;
        uint64_t answered_at; /* the last time; 0: never */
        uint64_t rests_until;
        struct reason reason; /* why it rests */
};

/* Borrows the server's name until the end. Returns 0 or -ENOMEM. */
int health_init(
        struct health *health, const struct table_env *env, const char *server);
void health_fini(struct health *health);

/* It has answered, and does not fail any more. */
void health_answered(struct health *health);

/*
 * A lookup has failed. That may be for its key alone: the server is only said
 * to fail when nothing else was answered for a second.
 *
 * why: a reason, the server's name may stand in front of it. So it may below.
 */
void health_failed(struct health *health, const char *why);

/* Nobody could reach it: it rests for the interval, in milliseconds. */
void health_rest(struct health *health, const char *why, uint64_t interval);

/*
 * The same while there are other connections; it has failed when the last of
 * them has ended, if it rests still.
 */
void health_rest_in_part(
        struct health *health, const char *why, uint64_t interval);
void health_lost_last(struct health *health);

bool health_rests(const struct health *health);
void health_end_rest(struct health *health);

#endif
