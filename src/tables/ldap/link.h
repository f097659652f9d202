/* SPDX-License-Identifier: MIT */
/* What a special attribute says: where to go on. */
#ifndef TABLES_LDAP_LINK_H
#define TABLES_LDAP_LINK_H

#include "tables/ldap/config.h"

/* A search, as the server is asked for it. */
struct ldap_query {
        const char *base;
        int scope;
        const char *filter;
        char **attributes; /* ended by NULL */
};

/*
 * Reads a value: the name of an entry, or a URL, whose server does not count.
 * All is copied to the arena. Returns 1; 0: the URL asks for nothing that is
 * wanted; or a negative errno: -EBADMSG when that is none.
 */
int ldap_link_read(const struct ldap_attributes *attributes, struct span value,
        struct arena *arena, struct ldap_query *ret_link);

#endif
