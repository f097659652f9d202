/* SPDX-License-Identifier: MIT */
/* A MariaDB server that has one key, for mysql: tables. */
#ifndef CONTRACT_MARIADB_H
#define CONTRACT_MARIADB_H

/*
 * Starts one if none is there yet, and gives it the key. Returns the
 * specification of a table that asks it, for the caller to free; NULL for the
 * empty value, which counts as none.
 */
char *make_mysql(const char *directory, const char *key, const char *value);

/* Ends it. */
void mariadb_end(void);

#endif
