/* SPDX-License-Identifier: MIT */
/* How the contract test fills a table of each type. A new type adds one. */
#ifndef CONTRACT_FIXTURES_H
#define CONTRACT_FIXTURES_H

#include "base/span.h"

struct fixture {
        const char *type;
        /*
         * Returns the specification of a table where `key` has `value`, for
         * the caller to free; NULL when such a table cannot be written. No
         * function: nobody can choose what is in it.
         */
        char *(*make)(
                const char *directory, const char *key, const char *value);
        /* A key that it can have, NULL: any, and one that is the same. */
        const char *key, *same_key;
        const char *value;  /* one that it can have, NULL: any */
        size_t spare;       /* how much less than 100,000 bytes it can have */
        size_t longest;     /* longer keys may fail; 0: any are asked for */
        bool has_every_key; /* nothing is absent */
        bool always_fails;  /* nothing is found or absent */
};

/* Returns the fixture of a type, or NULL. */
const struct fixture *find_fixture(const char *type);

/* Ends what the fixtures have started, when all their tables are closed. */
void fixtures_end(void);

#endif
