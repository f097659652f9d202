/* SPDX-License-Identifier: MIT */
/* What a map counts. */
#ifndef MAPS_COUNTS_H
#define MAPS_COUNTS_H

#include <stddef.h>
#include <stdint.h>

/* In the order of counts.c's names. */
enum map_counter {
        MAP_COUNT_OK, /* replies, by status */
        MAP_COUNT_NOTFOUND,
        MAP_COUNT_TEMP,
        MAP_COUNT_LATE,     /* answers after the deadline: not sent */
        MAP_COUNT_CANCELED, /* answers that nobody wanted any more */
        MAP_COUNT_RELOADS,  /* contents adopted after the first */
        MAP_COUNT_FAILURES, /* to adopt one: each that was told */
        MAP_COUNTERS
};

/* Bucket n holds what took from 2^n to 2^(n+1) - 1 ns; 0 ns too is in 0. */
enum { MAP_LATENCY_BUCKETS = 40 };

struct map_counts {
        uint64_t value[MAP_COUNTERS];
        uint64_t latency[MAP_LATENCY_BUCKETS]; /* of a sample of the lookups */
};

/* Its name, such as "notfound". */
const char *map_counter_name(enum map_counter counter);

/*
 * Returns how many nanoseconds `percent` percent of the lookups took at most,
 * rounded up to a bucket's end; 0 when none was measured.
 */
uint64_t map_counts_percentile(
        const struct map_counts *counts, unsigned percent);

#endif
