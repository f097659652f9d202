/* SPDX-License-Identifier: MIT */
/*
 * Search orders: which keys Postfix asks its own tables for, one after the
 * other, when it is asked for one. The names follow the parameters that they
 * are for.
 */
#ifndef MAPS_ORDER_H
#define MAPS_ORDER_H

#include "maps/address.h"

enum order {
        ORDER_EXACT, /* the key, and no other */
        ORDER_VIRTUAL,
        ORDER_CANONICAL,
        ORDER_GENERIC,
        ORDER_ADDRESS,
        ORDER_TRANSPORT,
        ORDER_ACCESS_MAIL,
        ORDER_ACCESS_CLIENT,
        ORDER_ACCESS_HELO,
        ORDER_RELAY_DOMAINS,
        ORDER_NETWORK,
        ORDER_REQUIRETLS
};

/* Every word that order_parse knows, in enum's order, then aliases; NULL. */
extern const char *const order_names[];

/* The word for an order. */
const char *order_name(enum order order);

/* Returns 0, or -EINVAL for a word that is none. */
int order_parse(struct span name, enum order *ret_order);

/* Whether the results are addresses, which extensions are propagated to. */
bool order_rewrites(enum order order);

/* What Postfix's own propagate_unmatched_extensions says for this order. */
bool order_propagates(enum order order);

/* Which keys a domain's parents are asked for as. */
enum order_parents {
        ORDER_PARENTS_BY_ORDER, /* as parent_domain_matches_subdomains' default
                                 * has it for the parameters of the order */
        ORDER_PARENTS_YES,      /* "b.c" for a.b.c */
        ORDER_PARENTS_DOMAIN    /* ".b.c" for a.b.c */
};

/* Borrowed for as long as candidates are taken. */
struct order_options {
        struct address_rules address;
        enum order_parents parents;
        /* Domains whose users are asked for without their domain, too. */
        const struct span *mydomains;
        size_t mydomain_count;
};

/* One key to ask for. All is as it was sent: folding is up to the tables. */
struct candidate {
        struct span key;
        bool is_full;     /* the whole key: for pattern tables, too */
        bool is_stripped; /* an address without the extension it has */
        /* Internal form; both empty unless the key is an address. */
        struct span local;     /* without the extension */
        struct span extension; /* with its delimiter; empty: there is none */
};

/*
 * The candidates of one key. Its members are its own. The first candidate is
 * the key itself, byte for byte, and costs nothing; the others are made when
 * they are asked for.
 */
struct candidates {
        const struct order_options *options;
        struct arena *arena;
        struct candidate now; /* what all candidates from here have in common */
        struct span key;      /* as it was sent */
        struct span internal; /* an address without quotes */
        struct span domain;   /* of an address: behind its '@' */
        struct span walk;  /* the last of domains or networks that was tried */
        struct span other; /* the internal form, if it is still to come */
        size_t size;       /* of all candidates so far */
        enum order order;
        unsigned char step;
        bool walks; /* the domains or networks have begun */
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
