/* SPDX-License-Identifier: MIT */
/*
 * A histogram of nanoseconds: linear within each power of two, so that every
 * value is kept with an error below 1 % in constant memory.
 */
#ifndef CLI_HISTOGRAM_H
#define CLI_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BITS = 7, HISTOGRAM_STEPS = 1 << HISTOGRAM_BITS };

struct histogram {
        uint64_t counts[(64 - HISTOGRAM_BITS + 1) * HISTOGRAM_STEPS];
        uint64_t total;
        uint64_t max;
};

/* Where a value is counted. */
static inline size_t histogram_index(uint64_t value)
{
        int shift;

        if (value < HISTOGRAM_STEPS)
                return value;
        shift = 63 - HISTOGRAM_BITS - __builtin_clzll(value);
        /* value >> shift is between STEPS and twice of it. */
        return (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
}

/* Adds a value. A zeroed histogram is empty. */
static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
        histogram->counts[histogram_index(value)]++;
        histogram->total++;
        if (value > histogram->max)
                histogram->max = value;
}

/*
 * Returns the value that `share` (0 to 1) of all values are not above, rounded
 * up to the end of its step; 0 when it is empty.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
