/* SPDX-License-Identifier: MIT */
#include "lib/maps.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_DEFAULT = 4, WORKERS_MAX = 1024 };
enum { FEW = 4 };
enum { QUEUE_DEFAULT = 1024, QUEUE_MAX = 1000000 };

/* FNV-1a. Names come from the program; clients only look them up. */
static size_t hash(const char *name, size_t size)
{
        uint32_t h = 2166136261U;

        for (size_t n = 0; n < size; n++)
                h = (h ^ (unsigned char)name[n]) * 16777619U;
        return h;
}

static bool has_name(const struct map *map, const char *name, size_t size)
{
        return map->name_size == size && map->name != NULL &&
               (size == 0 || memcmp(map->name, name, size) == 0);
}

/* Returns where in the index a name is, or would be. */
static size_t find_slot(
        const struct socketmap_maps *maps, const char *name, size_t size)
{
        size_t slot = hash(name, size) & (maps->index_size - 1);

        while (maps->index[slot] != 0 &&
                !has_name(maps->maps[maps->index[slot] - 1], name, size))
                slot = (slot + 1) & (maps->index_size - 1);
        return slot;
}

size_t maps_find(
        const struct socketmap_maps *maps, const char *name, size_t size)
{
        size_t place = 0;

        /* A few are looked through sooner than a hash is computed. */
        for (size_t n = 0; n < maps->count && n < FEW; n++) {
                if (has_name(maps->maps[n], name, size))
                        return n;
        }
        if (maps->count > FEW)
                place = maps->index[find_slot(maps, name, size)];
        if (place == 0)
                place = maps->default_map;
        return place - 1; /* SIZE_MAX when it is neither */
}

static void map_unref(struct map *map)
{
        if (map == NULL || atomic_fetch_sub(&map->references, 1) != 1)
                return;
        if (map->free_ctx != NULL)
                map->free_ctx(map->ctx);
        free(map->name);
        free(map);
}

static struct map *map_new(const char *name, socketmap_lookup_fn *lookup,
        void *ctx, unsigned flags)
{
        struct map *map = calloc(1, sizeof(*map));

        if (map == NULL)
                return NULL;
        *map = (struct map){.references = 1,
                .name_size = name != NULL ? strlen(name) : 0,
                .lookup = lookup,
                .ctx = ctx,
                .flags = flags,
                .workers = WORKERS_DEFAULT,
                .queue = QUEUE_DEFAULT};
        if (name != NULL) {
                map->name = strdup(name);
                if (map->name == NULL) {
                        map_unref(map);
                        return NULL;
                }
        }
        return map;
}

/* Makes the index at least twice as large as the number of maps. */
static int grow_index(struct socketmap_maps *maps)
{
        size_t size = maps->index_size > 0 ? 2 * maps->index_size : 8;
        size_t *index, *old = maps->index;

        if (2 * (maps->count + 1) <= maps->index_size)
                return 0;
        index = calloc(size, sizeof(*index));
        if (index == NULL)
                return -ENOMEM;
        maps->index = index;
        maps->index_size = size;
        for (size_t n = 0; n < maps->count; n++) {
                const struct map *map = maps->maps[n];

                if (map->name != NULL)
                        index[find_slot(maps, map->name, map->name_size)] =
                                n + 1;
        }
        free(old);
        return 0;
}

/* Adds a map to a set, taking the reference when it succeeds. */
static int add(struct socketmap_maps *maps, struct map *map)
{
        struct map **grown;
        size_t *place;
        int r = grow_index(maps);

        if (r < 0)
                return r;
        place = map->name == NULL ? &maps->default_map
                                  : &maps->index[find_slot(
                                            maps, map->name, map->name_size)];
        if (*place != 0)
                return -EEXIST;
        grown = realloc(maps->maps, (maps->count + 1) * sizeof(*grown));
        if (grown == NULL)
                return -ENOMEM;
        maps->maps = grown;
        maps->maps[maps->count++] = map;
        *place = maps->count;
        return 0;
}

struct socketmap_maps *socketmap_maps_new(void)
{
        struct socketmap_maps *maps = calloc(1, sizeof(*maps));

        if (maps != NULL)
                atomic_init(&maps->references, 1);
        return maps;
}

void socketmap_maps_free(struct socketmap_maps *maps)
{
        if (maps == NULL || atomic_fetch_sub(&maps->references, 1) != 1)
                return;
        for (size_t n = 0; n < maps->count; n++)
                map_unref(maps->maps[n]);
        free(maps->maps);
        free(maps->index);
        free(maps);
}

static int check(const struct socketmap_maps *maps, const char *name,
        socketmap_lookup_fn *lookup, unsigned flags)
{
        if (maps == NULL)
                return -ENOMEM;
        if (atomic_load(&maps->frozen))
                return -EBUSY;
        if (lookup == NULL || (name != NULL && strchr(name, ' ') != NULL))
                return -EINVAL;
        if ((flags & ~(SOCKETMAP_INLINE | SOCKETMAP_BINARY)) != 0)
                return -EINVAL;
        return 0;
}

int socketmap_maps_add(struct socketmap_maps *maps, const char *name,
        socketmap_lookup_fn *lookup, void *ctx, void (*free_ctx)(void *ctx),
        unsigned flags)
{
        struct map *map = NULL;
        int r = check(maps, name, lookup, flags);

        if (r < 0)
                goto fail;
        map = map_new(name, lookup, ctx, flags);
        r = map != NULL ? add(maps, map) : -ENOMEM;
        if (r < 0)
                goto fail;
        map->free_ctx = free_ctx;
        return 0;
fail:
        map_unref(map);
        if (free_ctx != NULL)
                free_ctx(ctx);
        return r;
}

/* Returns the map of exactly this name (NULL: the default map), or NULL. */
static struct map *find_exact(struct socketmap_maps *maps, const char *name)
{
        size_t place;

        if (name == NULL)
                place = maps->default_map;
        else if (maps->index_size == 0)
                place = 0;
        else
                place = maps->index[find_slot(maps, name, strlen(name))];
        return place > 0 ? maps->maps[place - 1] : NULL;
}

int socketmap_maps_set_option(struct socketmap_maps *maps, const char *name,
        enum socketmap_map_option option, uint64_t value)
{
        struct map *map;

        if (maps == NULL)
                return -ENOMEM;
        if (atomic_load(&maps->frozen))
                return -EBUSY;
        map = find_exact(maps, name);
        if (map == NULL)
                return -ENOENT;
        switch (option) {
        case SOCKETMAP_MAP_WORKERS:
                if (value < 1 || value > WORKERS_MAX)
                        return -ERANGE;
                map->workers = (unsigned)value;
                return 0;
        case SOCKETMAP_MAP_QUEUE:
                if (value < 1 || value > QUEUE_MAX)
                        return -ERANGE;
                map->queue = (size_t)value;
                return 0;
        }
        return -EINVAL;
}

struct socketmap_maps *maps_freeze(struct socketmap_maps *maps)
{
        atomic_store(&maps->frozen, true);
        atomic_fetch_add(&maps->references, 1);
        return maps;
}

struct socketmap_maps *maps_copy(const struct socketmap_maps *maps)
{
        struct socketmap_maps *copy = socketmap_maps_new();

        for (size_t n = 0; copy != NULL && n < maps->count; n++) {
                if (add(copy, maps->maps[n]) < 0) {
                        socketmap_maps_free(copy);
                        return NULL;
                }
                atomic_fetch_add(&maps->maps[n]->references, 1);
        }
        return copy;
}
