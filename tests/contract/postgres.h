/* SPDX-License-Identifier: MIT */
/* A PostgreSQL server that has one key, for pgsql: tables. */
#ifndef CONTRACT_POSTGRES_H
#define CONTRACT_POSTGRES_H

/*
 * Starts one if none is there yet, and gives it the key. Returns the
 * specification of a table that asks it, for the caller to free; NULL for the
 * empty value, which counts as none.
 */
char *make_pgsql(const char *directory, const char *key, const char *value);

/* Ends it. */
void postgres_end(void);

#endif
