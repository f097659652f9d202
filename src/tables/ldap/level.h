/* SPDX-License-Identifier: MIT */
/* Searches inside of searches: each waits for those that it has led to. */
#ifndef TABLES_LDAP_LEVEL_H
#define TABLES_LDAP_LEVEL_H

#include "tables/ldap/entry.h"
#include "tables/ldap/link.h"

/* One search, while its entries come. */
struct ldap_level {
        struct ldap_query query;
        struct ldap_session *session; /* where it was asked */
        struct ldap_session *own;     /* ... if nobody else asks there */
        int request;
        unsigned nesting;   /* links that have led to it */
        unsigned referrals; /* ... and referrals */
        int entry_count;
        struct ldap_entry_kind kind;
        bool has_entry;
        struct ldap_entry entry;   /* the one under way */
        const struct berval *next; /* link of it; NULL: none is left */
};

/* A lookup, and its searches: the last of them is under way. */
struct ldap_expansion {
        const struct ldap_config *config;
        struct ldap_session *session;
        const char *server;
        struct lookup *lookup;
        struct db_rows rows;
        struct ldap_level *levels;
        size_t depth, capacity;
        enum ldap_verdict verdict; /* when it has failed */
};

/*
 * Begins the search that a level is about, and puts it on top of the others;
 * if it cannot, the level ends. Returns 0; or -1, and the lookup has failed.
 */
int ldap_level_begin(
        struct ldap_expansion *expansion, struct ldap_level *level);

/* Ends a level that is no longer among the others. */
void ldap_level_end(struct ldap_level *level);

/* Fails the lookup; the session is to be closed. Returns -1. */
__attribute__((format(printf, 2, 3))) int ldap_expansion_fail(
        struct ldap_expansion *expansion, const char *format, ...);

/*
 * Fails it for a code of libldap or of the server, with what else that says.
 * Returns -1.
 */
int ldap_expansion_fail_search(struct ldap_expansion *expansion,
        const struct ldap_level *level, int code, const char *more);

#endif
