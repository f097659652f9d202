/* SPDX-License-Identifier: MIT */
/* One map in our care; see upkeep.h. */
#ifndef DAEMON_CHARGE_H
#define DAEMON_CHARGE_H

#include "daemon/watch.h"
#include "maps/refresh.h"

/* What all charges share. */
struct charge_host {
        struct watch watch;
        unsigned charges; /* that are not freed yet */
};

/* What is wrong in a table that was read: the first of it. */
enum { FINDINGS_MAX = 20 };
struct findings {
        char *lines[FINDINGS_MAX];
        size_t count; /* of all */
};

struct charge {
        struct map *map; /* a reference */
        struct charge *next;

        /* charge.c's own */
        struct charge_host *host;
        struct watch_file *files; /* those of the content in use */
        size_t file_count;
        bool was_noticed; /* a change, by the watch, not yet looked at */
        bool is_noticed;  /* ... that is looked at */

        uv_timer_t timer; /* when to look next */
        uint64_t next_look;
        uv_work_t work;
        struct refresh refresh;   /* the reading thread's while it works */
        struct findings findings; /* likewise */
        struct refused refused;

        unsigned failures;                             /* in a row */
        char told[sizeof(((struct reason *)0)->text)]; /* the last of them */
        bool is_working;
        bool is_stopped;
        bool is_closed; /* the timer is */
};

/*
 * Takes a map into care, with a reference. Returns NULL when there is no
 * memory.
 */
struct charge *charge_start(struct charge_host *host, struct map *map);

/* Lets it go: it frees itself, as soon as the loop has done what is under way.
 */
void charge_stop(struct charge *charge);

#endif
