/* SPDX-License-Identifier: MIT */
/*
 * A search and all those that it leads to, by special attributes: their values
 * in the order in which they are found, one below the other.
 */
#ifndef TABLES_LDAP_EXPAND_H
#define TABLES_LDAP_EXPAND_H

#include "tables/ldap/link.h"
#include "tables/ldap/session.h"

/*
 * Answers a lookup by a search. Blocks until its deadline at most. server: for
 * reasons.
 */
enum ldap_verdict ldap_expand(const struct ldap_config *config,
        struct ldap_session *session, const char *server,
        const struct ldap_query *search, struct lookup *lookup);

#endif
