/* SPDX-License-Identifier: MIT */
/*
 * Lists of addresses as they stand in RFC 822 messages, and in the values of
 * address tables: commas, blanks and newlines separate; there are quoted
 * strings, (comments), Name <addresses>, groups: and source routes. Nothing is
 * refused: what makes no sense is taken as Postfix takes it.
 */
#ifndef MAPS_RFC822_H
#define MAPS_RFC822_H

#include "base/arena.h"
#include "base/span.h"

struct rfc822_address {
        struct span internal; /* without quotes, blanks and comments */
        struct rfc822_address *next;
};

/*
 * Finds all addresses of a list, in order, in time and memory linear in its
 * size. The first one is NULL when there are none. Returns 0 or -ENOMEM.
 */
int rfc822_addresses(struct span list, struct arena *arena,
        struct rfc822_address **ret_first);

#endif
