/* SPDX-License-Identifier: MIT */
#include "maps/counts.h"

static const char *const names[MAP_COUNTERS] = {
        [MAP_COUNT_OK] = "ok",
        [MAP_COUNT_NOTFOUND] = "notfound",
        [MAP_COUNT_TEMP] = "temp",
        [MAP_COUNT_LATE] = "late",
        [MAP_COUNT_CANCELED] = "canceled",
        [MAP_COUNT_RELOADS] = "reloads",
        [MAP_COUNT_FAILURES] = "failures",
};

const char *map_counter_name(enum map_counter counter)
{
        return names[counter];
}

uint64_t map_counts_percentile(
        const struct map_counts *counts, unsigned percent)
{
        uint64_t total = 0, seen = 0;
        size_t n;

        for (n = 0; n < MAP_LATENCY_BUCKETS; n++)
                total += counts->latency[n];
        if (total == 0)
                return 0;
        for (n = 0; n < MAP_LATENCY_BUCKETS - 1; n++) {
                seen += counts->latency[n];
                /* In floating point: nothing overflows. */
                if ((double)seen * 100 >= (double)total * percent &&
                        counts->latency[n] > 0)
                        break;
        }
        return ((uint64_t)2 << n) - 1;
}
