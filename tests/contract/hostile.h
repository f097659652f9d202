/* SPDX-License-Identifier: MIT */
/* Keys as an enemy sends them. */
#ifndef CONTRACT_HOSTILE_H
#define CONTRACT_HOSTILE_H

#include "base/span.h"

/* Calls `each` with every hostile key; the key lives until it returns. */
void hostile_keys(void (*each)(void *ctx, struct span key), void *ctx);

#endif
