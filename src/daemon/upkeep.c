/* SPDX-License-Identifier: MIT */
#include "daemon/upkeep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void upkeep_init(struct upkeep *upkeep, uv_loop_t *loop)
{
        *upkeep = (struct upkeep){0};
        watch_init(&upkeep->host.watch, loop);
}

static int compare(const void *a, const void *b)
{
        const struct map *const *x = a, *const *y = b;

        return (*x > *y) - (*x < *y);
}

/* Lets the charge go that *at points to. */
static void drop(struct charge **at)
{
        struct charge *charge = *at;

        *at = charge->next;
        charge_stop(charge);
}

/* The charges are in the order of their maps, and these are: one walk. */
static int merge(struct upkeep *upkeep, struct map *const *sorted, size_t count)
{
        struct charge **at = &upkeep->charges;
        int r = 0;

        for (size_t i = 0; i < count; i++) {
                while (*at != NULL && (*at)->map < sorted[i])
                        drop(at);
                if (*at == NULL || (*at)->map != sorted[i]) {
                        struct charge *charge =
                                charge_start(&upkeep->host, sorted[i]);

                        if (charge == NULL) {
                                r = -ENOMEM;
                                continue;
                        }
                        charge->next = *at;
                        *at = charge;
                }
                at = &(*at)->next;
        }
        while (*at != NULL)
                drop(at);
        return r;
}

int upkeep_set(struct upkeep *upkeep, struct map *const *maps, size_t count)
{
        struct map **sorted = calloc(count, sizeof(struct map *));
        int r;

        if (sorted == NULL)
                return -ENOMEM;
        memcpy(sorted, maps, count * sizeof(struct map *));
        qsort(sorted, count, sizeof(struct map *), compare);
        r = merge(upkeep, sorted, count);
        free(sorted);
        return r;
}

void upkeep_stop(struct upkeep *upkeep)
{
        while (upkeep->charges != NULL)
                drop(&upkeep->charges);
        while (upkeep->host.charges > 0)
                uv_run(upkeep->host.watch.loop, UV_RUN_ONCE);
}
