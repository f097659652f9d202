/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once. An arena may begin on memory of its
 * caller's (the stack, say), so that small work never allocates.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena_block;

struct arena {
        char *next; /* free bytes of the current block */
        char *end;
        struct arena_block *blocks;
        size_t limit; /* bytes it may still take from malloc */
};

/*
 * Begins an arena on `memory` (borrowed until arena_fini; NULL and 0 for none)
 * that takes at most `limit` further bytes from malloc.
 */
void arena_init(struct arena *arena, void *memory, size_t size, size_t limit);
void arena_fini(struct arena *arena);

/*
 * Returns `size` bytes aligned for any type, or for arena_bytes not aligned at
 * all; NULL when the limit or the memory is used up.
 */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_bytes(struct arena *arena, size_t size);

/* Copies bytes, with a NUL behind them; NULL as above. */
char *arena_copy(struct arena *arena, struct span bytes);

#endif
