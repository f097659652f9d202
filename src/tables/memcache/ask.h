/* SPDX-License-Identifier: MIT */
/*
 * Looking a key up in memcached, then in the backup, and storing there what the
 * backup has.
 */
#ifndef TABLES_MEMCACHE_ASK_H
#define TABLES_MEMCACHE_ASK_H

#include "tables/memcache/protocol.h"
#include "tables/support/remote.h"
#include <sys/queue.h>

struct memcache_store;
TAILQ_HEAD(memcache_stores, memcache_store);

struct memcache {
        struct server server;
        struct memcache_limits limits;
        struct remote *remote;
        struct events *events;
        struct table *backup; /* NULL: there is none */
        bool is_read_only;
        uint64_t flags, ttl;
        uint64_t timeout, pause; /* milliseconds */
        uint64_t tries;
        uint64_t rests_until; /* only the backup is asked, until then */
        struct memcache_stores stores; /* under way */
        size_t store_count;
};

/*
 * start and cancel of a table. key: that in memcached, bytes that live as long
 * as the lookup; data NULL: there can be none, the backup alone is asked.
 */
enum progress memcache_start(
        struct memcache *memcache, struct lookup *lookup, struct span key);
void memcache_cancel(struct memcache *memcache, struct lookup *lookup);

/* Ends what is being stored. No lookup is under way. */
void memcache_end_stores(struct memcache *memcache);

#endif
