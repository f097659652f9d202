/* SPDX-License-Identifier: MIT */
/* A question whose asker has gone, though its answer is on the way. */
#ifndef TABLES_SUPPORT_ORPHAN_H
#define TABLES_SUPPORT_ORPHAN_H

#include "tables/support/questions.h"

/*
 * Takes the place of a question that is being asked: whatever is answered, its
 * lookup's finish frees it. Returns NULL when there is no memory.
 */
struct question *orphan_new(const struct question *question);

bool orphan_is(const struct question *question);

/* In place of finish. */
void orphan_free(struct question *question);

#endif
