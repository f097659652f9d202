/* SPDX-License-Identifier: MIT */
/* The files that "include = GLOB" stands for. */
#ifndef CONFIG_INCLUDE_H
#define CONFIG_INCLUDE_H

#include "base/arena.h"
#include "base/report.h"

struct included {
        const char **files; /* each with memory of its own in the arena */
        size_t count;
};

/*
 * Finds the files, sorted by name. pattern: relative to `directory`, or
 * absolute. One without a wildcard is a file, whether it is there or not;
 * nothing need match one with wildcards.
 *
 * Returns 0, -ENOMEM, or another negative errno with the reason.
 */
int include_expand(const char *pattern, const char *directory,
        struct arena *arena, struct included *ret_included,
        struct reason *ret_reason);

#endif
