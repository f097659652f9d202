/* SPDX-License-Identifier: MIT */
/* Whom to close when there is no room for all. */
#ifndef LIB_ROOM_H
#define LIB_ROOM_H

#include "lib/core.h"

/*
 * Closes one connection that is owed no reply: the oldest that never completed
 * a request, though it has been there for a second; else, of the peer that
 * holds most connections, the one that has been idle longest. Returns false
 * when there is none.
 */
bool room_make(struct core *core);

/* Tells whether room_make would find one. */
bool room_exists(const struct core *core);

/* Closes the connections that hold most memory until it is within its limit. */
void room_shrink(struct core *core);

#endif
