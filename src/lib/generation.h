/* SPDX-License-Identifier: MIT */
/*
 * A set of maps in use by one server, with its worker threads. Swapping maps
 * makes a new generation; the old one lives until its last request is
 * released.
 */
#ifndef LIB_GENERATION_H
#define LIB_GENERATION_H

#include "lib/maps.h"
#include "lib/workers.h"

struct generation {
        atomic_uint references;
        atomic_bool retired;
        struct socketmap_maps *maps;
        const struct job_type *job_type;
        struct generation_list *list; /* NULL once the server has ended */
        struct generation *previous;
        struct generation *next;
        struct generation *next_dropped; /* the server's own */
        struct workers *workers[];       /* a map each; NULL: not yet needed */
};

/* All generations of a server; only its own thread has access. */
struct generation_list {
        struct generation *first;
};

/*
 * Creates a generation of these maps (freezes and references them) with one
 * reference. job_type runs lookups on worker threads, with the struct map as
 * ctx. Returns NULL when there is no memory.
 */
struct generation *generation_new(struct generation_list *list,
        struct socketmap_maps *maps, const struct job_type *job_type);

void generation_ref(struct generation *generation);

/*
 * Drops a reference; the last one frees the generation. On the server's thread
 * while the server lives, on any thread after generation_list_stop.
 */
void generation_unref(struct generation *generation);

/*
 * Says that no new request will use it: it should be freed soon. The caller
 * still has its reference.
 */
void generation_retire(struct generation *generation);

static inline bool generation_is_retired(const struct generation *generation)
{
        return atomic_load_explicit(&generation->retired, memory_order_relaxed);
}

/* The workers of a map, made when first needed. NULL: no memory. */
struct workers *generation_workers(struct generation *generation, size_t place);

/* Ends the workers of all generations, and the list's part in them. */
void generation_list_stop(struct generation_list *list);

#endif
