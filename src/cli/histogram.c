/* SPDX-License-Identifier: MIT */
#include "cli/histogram.h"

/* The largest value that is counted at an index. */
static uint64_t step_end(size_t index)
{
        size_t shift, step;

        if (index < HISTOGRAM_STEPS)
                return index;
        shift = index / HISTOGRAM_STEPS - 1;
        step = index - shift * HISTOGRAM_STEPS;
        return ((uint64_t)(step + 1) << shift) - 1;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
        uint64_t wanted = (uint64_t)(share * (double)histogram->total + 0.5);
        uint64_t seen = 0;
        size_t size = sizeof(histogram->counts) / sizeof(histogram->counts[0]);

        for (size_t i = 0; i < size; i++) {
                seen += histogram->counts[i];
                if (histogram->counts[i] != 0 && seen >= wanted) {
                        uint64_t end = step_end(i);

                        return end < histogram->max ? end : histogram->max;
                }
        }
        return 0;
}
