/* SPDX-License-Identifier: MIT */
/* Numbers of networks, to find the least one of those that an address is in. */
#ifndef TABLES_SUPPORT_IP_INDEX_H
#define TABLES_SUPPORT_IP_INDEX_H

#include "tables/support/ip.h"

struct ip_index;

/* Returns NULL if there is no memory. */
struct ip_index *ip_index_new(void);

/* NULL does nothing. */
void ip_index_free(struct ip_index *index);

/*
 * Adds a network; numbers have to rise. Returns 0 or a negative errno.
 */
int ip_index_add(struct ip_index *index, const struct ip_network *network,
        size_t number);

/*
 * Returns the least number, or SIZE_MAX if there is none. It takes one look for
 * each length of a prefix that there is, however many networks have it.
 */
size_t ip_index_find(
        const struct ip_index *index, const struct ip_address *address);

#endif
