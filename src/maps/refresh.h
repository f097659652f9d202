/* SPDX-License-Identifier: MIT */
/*
 * Looking whether a map's files have changed, and opening them again: the part
 * that may block, and runs off the server's thread.
 */
#ifndef MAPS_REFRESH_H
#define MAPS_REFRESH_H

#include "maps/map.h"

enum refresh_result {
        REFRESH_SAME,   /* nothing has changed */
        REFRESH_HOT,    /* it has just changed: look again soon */
        REFRESH_FAILED, /* the reason tells */
        REFRESH_SHRUNK, /* too many entries would go; the reason tells */
        REFRESH_NEW     /* there is content to adopt */
};

/* What was refused, so that it is neither read nor told again. */
struct refused {
        struct file_state *states;
        size_t count;
};

struct refresh {
        const struct map *map;  /* borrowed until refresh_fini */
        struct content *former; /* a reference; ended by refresh_fini */
        const struct refused *refused;

        enum refresh_result result;
        bool is_repeat;          /* only to be sure: the files look the same */
        struct content *content; /* REFRESH_NEW and _SHRUNK; for refresh_fini */
        struct reason reason;
};

/*
 * Finds the result. Content that fails is opened again in any case; other is
 * when one of its files has changed and is not hot any more.
 */
void refresh_run(struct refresh *refresh, struct report *report);

/* Ends the references, which may take a while: any thread. */
void refresh_fini(struct refresh *refresh);

/* Remembers content as refused. Returns 0 or -ENOMEM. */
int refused_set(struct refused *refused, const struct content *content);
void refused_fini(struct refused *refused);

#endif
