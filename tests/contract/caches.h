/* SPDX-License-Identifier: MIT */
/* Servers that have one key, for redis: and memcache: tables. */
#ifndef CONTRACT_CACHES_H
#define CONTRACT_CACHES_H

/*
 * Starts a server if there is none yet, and gives it the key. Returns the
 * specification of a table that asks it, for the caller to free.
 */
char *make_redis(const char *directory, const char *key, const char *value);
char *make_memcache(const char *directory, const char *key, const char *value);

/* Ends them, and removes what they have made in the directory. */
void caches_end(void);

#endif
