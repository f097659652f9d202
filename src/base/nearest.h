/* SPDX-License-Identifier: MIT */
/* "Did you mean": which known word somebody has probably meant. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/span.h"

/* The nearest candidate so far. Begin with all zero. */
struct nearest {
        const char *word;
        size_t distance;
};

/*
 * Takes `candidate` (borrowed as long as *nearest) into account: it is near
 * when at most a third of its letters, and one at least, have to be changed,
 * added, left out or swapped with their neighbour to get it from `word`.
 */
void nearest_add(
        struct nearest *nearest, struct span word, const char *candidate);

/* What a message about the word ends in: a question, or nothing. */
struct nearest_phrase {
        char text[64];
};
struct nearest_phrase nearest_ask(const struct nearest *nearest);

#endif
