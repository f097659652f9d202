/* SPDX-License-Identifier: MIT */
#include "lib/generation.h"

#include <stdlib.h>

struct generation *generation_new(struct generation_list *list,
        struct socketmap_maps *maps, const struct job_type *job_type)
{
        struct generation *generation;

        generation = calloc(1,
                sizeof(*generation) + maps->count * sizeof(struct workers *));
        if (generation == NULL)
                return NULL;
        atomic_init(&generation->references, 1);
        generation->maps = maps_freeze(maps);
        generation->job_type = job_type;
        generation->list = list;
        generation->next = list->first;
        if (list->first != NULL)
                list->first->previous = generation;
        list->first = generation;
        return generation;
}

void generation_ref(struct generation *generation)
{
        atomic_fetch_add(&generation->references, 1);
}

/* Waits for lookups that are running, and takes it out of its list. */
static void stop(struct generation_list *list, struct generation *generation)
{
        for (size_t n = 0; n < generation->maps->count; n++) {
                workers_free(generation->workers[n]);
                generation->workers[n] = NULL;
        }
        if (generation->next != NULL)
                generation->next->previous = generation->previous;
        if (generation->previous != NULL)
                generation->previous->next = generation->next;
        else
                list->first = generation->next;
        generation->list = NULL;
}

void generation_unref(struct generation *generation)
{
        if (generation == NULL ||
                atomic_fetch_sub(&generation->references, 1) != 1)
                return;
        /* Its last request is released: its workers have nothing to do. */
        if (generation->list != NULL)
                stop(generation->list, generation);
        socketmap_maps_free(generation->maps);
        free(generation);
}

void generation_retire(struct generation *generation)
{
        atomic_store(&generation->retired, true);
}

struct workers *generation_workers(struct generation *generation, size_t place)
{
        const struct map *map = generation->maps->maps[place];
        struct workers **workers = &generation->workers[place];

        if (*workers == NULL)
                *workers = workers_new(map->workers, map->queue,
                        generation->job_type, generation->maps->maps[place]);
        return *workers;
}

void generation_list_stop(struct generation_list *list)
{
        while (list->first != NULL)
                stop(list, list->first);
}
