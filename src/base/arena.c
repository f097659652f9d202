/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include <stdint.h>
#include <stdlib.h>

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1024 * 1024)

struct arena_block {
        struct arena_block *before;
        size_t size; /* with this header */
        max_align_t memory[];
};

void arena_init(struct arena *arena, void *memory, size_t size, size_t limit)
{
        arena->next = memory;
        arena->end = memory == NULL ? NULL : (char *)memory + size;
        arena->blocks = NULL;
        arena->limit = limit;
}

void arena_fini(struct arena *arena)
{
        while (arena->blocks != NULL) {
                struct arena_block *block = arena->blocks;

                arena->blocks = block->before;
                free(block);
        }
        arena_init(arena, NULL, 0, 0);
}

/* Blocks double in size, so that big arenas take few of them. */
static size_t size_of_next_block(const struct arena *arena, size_t need)
{
        size_t size = BLOCK_MIN;

        if (arena->blocks != NULL && arena->blocks->size < BLOCK_MAX)
                size = arena->blocks->size * 2;
        else if (arena->blocks != NULL)
                size = BLOCK_MAX;
        if (size > arena->limit)
                size = arena->limit;
        return size < need ? need : size;
}

/* Makes a block with at least `size` free bytes the current one. */
static bool add_block(struct arena *arena, size_t size)
{
        size_t need = sizeof(struct arena_block) + size;
        struct arena_block *block;

        if (need < size || need > arena->limit)
                return false;
        need = size_of_next_block(arena, need);
        block = malloc(need);
        if (block == NULL)
                return false;
        arena->limit -= need;
        block->before = arena->blocks;
        block->size = need;
        arena->blocks = block;
        arena->next = (char *)block->memory;
        arena->end = (char *)block + need;
        return true;
}

static size_t padding(const char *next)
{
        return (size_t) - (uintptr_t)next % _Alignof(max_align_t);
}

void *arena_alloc(struct arena *arena, size_t size)
{
        size_t room = (size_t)(arena->end - arena->next);
        size_t skip = padding(arena->next);

        /* Not even nothing is there before the first block. */
        if (arena->next == NULL || room < skip || room - skip < size) {
                if (!add_block(arena, size))
                        return NULL;
                skip = 0;
        }
        arena->next += skip + size;
        return arena->next - size;
}

char *arena_bytes(struct arena *arena, size_t size)
{
        if ((arena->next == NULL ||
                    (size_t)(arena->end - arena->next) < size) &&
                !add_block(arena, size))
                return NULL;
        arena->next += size;
        return arena->next - size;
}

char *arena_copy(struct arena *arena, struct span bytes)
{
        char *copy;

        if (bytes.size == SIZE_MAX)
                return NULL;
        copy = arena_bytes(arena, bytes.size + 1);
        if (copy == NULL)
                return NULL;
        if (bytes.size > 0)
                memcpy(copy, bytes.data, bytes.size);
        copy[bytes.size] = '\0';
        return copy;
}
