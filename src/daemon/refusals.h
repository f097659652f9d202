/* SPDX-License-Identifier: MIT */
/* Telling the log who was refused: each at most once a minute. */
#ifndef DAEMON_REFUSALS_H
#define DAEMON_REFUSALS_H

#include <stdint.h>

enum { REFUSALS_SOURCES = 64 };

/* A zeroed one is empty. */
struct refusals {
        struct refusal {
                char source[64]; /* "": free */
                uint64_t told;   /* when; milliseconds of some clock */
                unsigned untold; /* refused since then */
        } sources[REFUSALS_SOURCES];
};

/*
 * Takes one more refusal by `source` at the time `now`. Returns the number to
 * tell the log of, this one included, or 0 when it is not to be told yet.
 */
unsigned refusals_add(
        struct refusals *refusals, uint64_t now, const char *source);

#endif
