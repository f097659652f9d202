/* SPDX-License-Identifier: MIT */
/* Reading entries that a server has found: what is damaged is no entry. */
#ifndef TABLES_LDAP_ENTRY_H
#define TABLES_LDAP_ENTRY_H

#include "tables/ldap/config.h"
#include "tables/ldap/session.h"

struct berelement; /* liblber's BerElement */
struct berval;

/* The attributes of one entry, one after the other. */
struct ldap_entry {
        struct ldap *ld;
        struct ldapmsg *message;
        struct berelement *rest;
        struct span name;      /* of the attribute under way */
        struct berval *values; /* its values, the last without data; or NULL */
};

/*
 * Begins to read an entry; the message becomes the entry's. Returns 0, or
 * -EBADMSG: it is damaged.
 */
int ldap_entry_begin(struct ldap_entry *entry,
        const struct ldap_session *session, struct ldapmsg *message);

/* Goes on to the next attribute. Returns 1; 0: that was all; or -EBADMSG. */
int ldap_entry_next(struct ldap_entry *entry);

/* Ends it, at any time. It may have ended before. */
void ldap_entry_end(struct ldap_entry *entry);

/*
 * What an entry is, by the attributes that it has; and by those of the entries
 * before it in the same search, as in Postfix: what these were, it is, too.
 */
struct ldap_entry_kind {
        bool is_terminal; /* no others than terminal attributes count */
        bool is_inner;    /* it leads to others: no leaf attributes count */
};

/* Adds what an entry is. Returns 0 or -EBADMSG. */
int ldap_entry_judge(const struct ldap_attributes *attributes,
        const struct ldap_session *session, struct ldapmsg *message,
        struct ldap_entry_kind *kind);

enum ldap_use { LDAP_USE_NONE, LDAP_USE_VALUES, LDAP_USE_LINKS };

/* What the values of an attribute are good for. */
enum ldap_use ldap_entry_use(const struct ldap_attributes *attributes,
        const struct ldap_entry_kind *kind, struct span name);

#endif
