/* SPDX-License-Identifier: MIT */
/* Numbers with units, as people write them: 500ms, 10KiB, 4096. */
#ifndef CONFIG_NUMBERS_H
#define CONFIG_NUMBERS_H

#include "base/report.h"
#include <stdint.h>

struct unit {
        const char *name;
        uint64_t factor;
};

/* From the smallest to the largest, ended by an empty name. */
struct units {
        const char *noun;
        const char *example;
        const struct unit *list;
};

extern const struct units units_none; /* plain numbers */
extern const struct units units_time; /* in milliseconds */
extern const struct units units_size; /* in bytes */

/*
 * Parses a whole number with its unit, which only 0 may be without, from
 * `least` to `most`. Returns 0, or -EINVAL with the reason.
 */
int number_parse(const char *text, const struct units *units, uint64_t least,
        uint64_t most, uint64_t *ret_number, struct reason *ret_reason);

struct number_text {
        char text[32];
};

/* Writes a number with the largest unit that needs no fraction. */
struct number_text number_format(uint64_t number, const struct units *units);

#endif
