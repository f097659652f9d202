/* SPDX-License-Identifier: MIT */
/*
 * The text protocol of memcached. A lookup's key is a whole request, as it is
 * sent; "not stored" is a failure like others.
 */
#ifndef TABLES_MEMCACHE_PROTOCOL_H
#define TABLES_MEMCACHE_PROTOCOL_H

#include "tables/support/exchange.h"

/* What memcached allows. */
#define MEMCACHE_KEY_MAX 250

struct memcache_limits {
        const char *server; /* its name, for reasons */
        size_t line;        /* bytes of a line of a reply, without its end */
        size_t data;        /* bytes of a value */
};

/*
 * Requests and replies; ctx is the struct memcache_limits. A reply to "get" is
 * a value or absence, one to "set" a value: nothing.
 */
extern const struct protocol memcache_protocol;

/* Whether a request can hold a key. */
bool memcache_key_is_good(struct span key);

/* Make requests; the bytes are the arena's. Return 0 or -ENOMEM. */
int memcache_get(
        struct span key, struct arena *arena, struct span *ret_request);
int memcache_set(struct span key, struct span value, uint64_t flags,
        uint64_t ttl, struct arena *arena, struct span *ret_request);

#endif
