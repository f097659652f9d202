/* SPDX-License-Identifier: MIT */
/*
 * The map that all servers of the benchmark look up in: MAP_KEYS keys
 * "user%d@example.com" with the values "value%d", in memory. Fowler, Noll and
 * Vo's hash, open addressing.
 */
#ifndef BENCH_MAP_H
#define BENCH_MAP_H

#include "common.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* BIG_SIZE: of the one value of the map "big", which nearly fills a reply. */
enum { MAP_KEYS = 1000000, MAP_SLOTS = 1 << 21, BIG_SIZE = 99992 };

struct map {
        uint32_t *slots; /* where an entry is in `text`; 0: free */
        char *text;      /* entries: key, NUL, value, NUL */
};

static inline size_t map_slot(const char *key, size_t size)
{
        uint64_t hash = 0xcbf29ce484222325;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3;
        return (hash ^ hash >> 32) & (MAP_SLOTS - 1);
}

static inline void map_init(struct map *map)
{
        size_t used = 1;

        map->slots = calloc(MAP_SLOTS, sizeof(map->slots[0]));
        map->text = malloc((size_t)MAP_KEYS * 40);
        if (map->slots == NULL || map->text == NULL)
                die("out of memory");
        for (int i = 0; i < MAP_KEYS; i++) {
                char *key = map->text + used;
                size_t size = (size_t)sprintf(key, "user%d@example.com", i);
                size_t slot = map_slot(key, size);

                while (map->slots[slot] != 0)
                        slot = (slot + 1) & (MAP_SLOTS - 1);
                map->slots[slot] = (uint32_t)used;
                used += size + 1;
                used += (size_t)sprintf(map->text + used, "value%d", i) + 1;
        }
}

/* Returns the value of a key, NUL-terminated, or NULL. */
static inline const char *map_get(
        const struct map *map, const char *key, size_t size)
{
        size_t slot = map_slot(key, size);

        for (; map->slots[slot] != 0; slot = (slot + 1) & (MAP_SLOTS - 1)) {
                const char *entry = map->text + map->slots[slot];

                if (strncmp(entry, key, size) == 0 && entry[size] == '\0')
                        return entry + size + 1;
        }
        return NULL;
}

/* The value of the map "big": the same for every key. */
static inline char *big_value(void)
{
        char *value = malloc(BIG_SIZE + 1);

        if (value == NULL)
                die("out of memory");
        for (int i = 0; i < BIG_SIZE; i++)
                value[i] = (char)('a' + i % 26);
        value[BIG_SIZE] = '\0';
        return value;
}

#endif
