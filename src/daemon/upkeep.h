/* SPDX-License-Identifier: MIT */
/*
 * Keeping maps up to date: what could not be opened is tried again, what
 * changed on disk is read again. All reading is done on other threads, and
 * adopted on the loop's.
 */
#ifndef DAEMON_UPKEEP_H
#define DAEMON_UPKEEP_H

#include "daemon/charge.h"

#include <stddef.h>

struct upkeep {
        struct charge_host host;
        struct charge *charges; /* a map each */
};

void upkeep_init(struct upkeep *upkeep, uv_loop_t *loop);

/*
 * Cares for these maps from now on, and for no other: takes a reference of each
 * new one. Those that it has already go on as they are. Returns 0, or -ENOMEM:
 * then some are not cared for.
 */
int upkeep_set(struct upkeep *upkeep, struct map *const *maps, size_t count);

/*
 * Lets all maps go. What is being read is waited for: this runs the loop. It
 * must run once more before it closes.
 */
void upkeep_stop(struct upkeep *upkeep);

#endif
