/* SPDX-License-Identifier: MIT */
/* Sets of maps: what the public struct socketmap_maps is. */
#ifndef LIB_MAPS_H
#define LIB_MAPS_H

#include <socketmap/server.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One map; shared by the sets it is in, and constant once one is frozen. */
struct map {
        atomic_uint references;
        char *name; /* NULL: the default map */
        size_t name_size;
        socketmap_lookup_fn *lookup;
        void *ctx;
        void (*free_ctx)(void *ctx);
        unsigned flags;
        unsigned workers;
        size_t queue;
};

struct socketmap_maps {
        atomic_uint references;
        atomic_bool frozen; /* handed to a server */
        struct map **maps;  /* in the order they were added */
        size_t count;
        size_t *index;      /* hash table of places in maps from 1; 0: free */
        size_t index_size;  /* a power of two */
        size_t default_map; /* place of the default map from 1; 0: none */
};

/* Finds a map's place in the set; the default map's; or SIZE_MAX. */
size_t maps_find(
        const struct socketmap_maps *maps, const char *name, size_t size);

/* Takes one more reference to a set, which can't be changed from now on. */
struct socketmap_maps *maps_freeze(struct socketmap_maps *maps);

/*
 * Returns a new set with the same maps (shared, not copied), which can be
 * added to; NULL when there is no memory.
 */
struct socketmap_maps *maps_copy(const struct socketmap_maps *maps);

#endif
