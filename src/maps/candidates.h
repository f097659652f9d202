/* SPDX-License-Identifier: MIT */
/*
 * The keys that Postfix asks its own tables for, one after the other, in its
 * search for one. For each candidate every table is asked; the first value, or
 * the first failure, ends the search.
 */
#ifndef MAPS_CANDIDATES_H
#define MAPS_CANDIDATES_H

#include "maps/order.h"

/* One key to ask for. All is as it was sent: folding is up to the tables. */
struct candidate {
        struct span key;
        /* For pattern tables, too: the key that was sent, or its other form. */
        bool is_full;
        bool is_stripped; /* an address without the extension it has */
        /* Internal form; both empty unless it is stripped. */
        struct span local;
        struct span extension; /* with its delimiter */
};

/*
 * The candidates of one key. Its members are its own. The first candidate is
 * the key itself, byte for byte, and costs nothing; the others are made when
 * they are asked for.
 */
struct candidates {
        const struct order_options *options;
        struct arena *arena;
        struct span key;        /* as it was sent */
        struct span internal;   /* an address without quotes */
        size_t at;              /* where its last '@' is */
        size_t bare;            /* size of its local part, not the extension */
        struct span walk;       /* the name or network that comes next */
        struct candidate other; /* the internal form of the one before */
        size_t size;            /* of all candidates so far */
        enum order order;
        const unsigned char *step; /* what comes next in the order */
        bool is_network;           /* what walk is */
        bool has_other;
        bool wants_internal;
};

/* Candidates take no more than this together; a longer walk is hostile. */
#define CANDIDATES_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* Begins. Borrows all but `candidates` for as long as they are taken. */
void candidates_init(struct candidates *candidates, enum order order,
        const struct order_options *options, struct span key,
        struct arena *arena);

/*
 * Takes the next one. Its spans live as long as the key and the arena. Returns
 * 1; 0 when there are no more; -ENOMEM; or -E2BIG when they take more than
 * CANDIDATES_SIZE_MAX: then nobody knows whether the key is there.
 */
int candidates_next(
        struct candidates *candidates, struct candidate *ret_candidate);

#endif
