/* SPDX-License-Identifier: MIT */
/* What a map can be told. */
#ifndef MAPS_OPTIONS_H
#define MAPS_OPTIONS_H

#include "maps/order.h"
#include "tables/table.h"

/* Texts may be NULL: not given. */
struct map_options {
        const char *name;
        const char *table; /* tables, as `postconf -hx` prints them */
        bool auto_reload;
        unsigned shrink_limit; /* percent of the entries; 100: all may go */
        const char *canary;    /* a key that must be found */
        bool secret;           /* nobody may be told its values */
        unsigned threads;      /* for a table whose lookups block */
        unsigned queue;        /* lookups that may wait for one */

        int search; /* which of order_names */
        const char *recipient_delimiter;
        bool owner_request_special;
        const char *propagate_unmatched_extensions;
        enum order_parents parents;
        const char *mydomains;

        enum fold fold;
        const char *query; /* template for the key that tables are asked for */
        const char *domain;
        const char *result_format;
        uint64_t expansion_limit; /* 0: none */
        bool empty_value;         /* an empty value is one */
};

/* Copies options with their texts. Returns 0 or -ENOMEM. */
int map_options_copy(const struct map_options *options, struct arena *arena,
        struct map_options *ret_copy);

/* Whether maps of these would answer the same. */
bool map_options_are_same(
        const struct map_options *a, const struct map_options *b);

#endif
