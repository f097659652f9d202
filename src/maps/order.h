/* SPDX-License-Identifier: MIT */
/* Search orders: their names, and what each of them does by default. */
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

/*
 * Whether a pattern's result may take nothing of the key, by the word for the
 * search: a sender could choose the way of his mail.
 */
bool order_forbids_substitution(const char *name);

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
        /*
         * Domains whose users are asked for without their domain, too, folded
         * by casefold(). "[192.0.2.1]" is an address in any spelling.
         */
        const struct span *mydomains;
        size_t mydomain_count;
};

#endif
