/* SPDX-License-Identifier: MIT */
/* The form of a section's heading: "[KIND NAME]" or "[KIND]". */
#ifndef CONFIG_HEADING_H
#define CONFIG_HEADING_H

#include "base/span.h"

struct heading {
        struct span kind;
        struct span name; /* empty: none */
};

/*
 * Splits a heading. A name may hold anything but blanks, ']' included. Returns
 * NULL, or what is wrong at *ret_offset.
 */
const char *heading_split(
        const char *text, struct heading *ret_heading, size_t *ret_offset);

#endif
