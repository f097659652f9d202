/* SPDX-License-Identifier: MIT */
/* A directory server that has one key, for ldap: tables. */
#ifndef CONTRACT_SLAPD_H
#define CONTRACT_SLAPD_H

/*
 * Starts one if none is there yet, and gives it the key. Returns the
 * specification of a table that asks it, for the caller to free; NULL for the
 * empty value, which counts as none.
 */
char *make_ldap(const char *directory, const char *key, const char *value);

/* Ends it. */
void slapd_end(void);

#endif
