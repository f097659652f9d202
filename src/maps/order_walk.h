/* SPDX-License-Identifier: MIT */
/* The names and networks that stand above another one. */
#ifndef MAPS_ORDER_WALK_H
#define MAPS_ORDER_WALK_H

#include "base/arena.h"
#include "base/span.h"

/* Whether text is an IP address as Postfix takes one: no blanks or brackets. */
bool walk_is_address(struct span text);

/* "a.b.c" to "b.c", or with its dot to ".b.c". Empty: there is none above. */
struct span walk_parent(struct span name, bool with_dot);

/* "1.2.3.4" to "1.2.3", and likewise at colons. Empty: likewise. */
struct span walk_network(struct span address);

/*
 * Whether a domain is one of `mydomains`, as struct order_options has them;
 * one dot at its end doesn't matter. Returns 1, 0, or -ENOMEM.
 */
int walk_is_mine(struct span domain, const struct span *mydomains, size_t count,
        struct arena *arena);

#endif
