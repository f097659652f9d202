/* SPDX-License-Identifier: MIT */
/*
 * A search and all those that it leads to, by special attributes: their values
 * in the order in which they are found, one below the other.
 */
#ifndef TABLES_SUPPORT_LDAP_EXPAND_H
#define TABLES_SUPPORT_LDAP_EXPAND_H

#include "tables/support/ldap_link.h"
#include "tables/support/ldap_session.h"

enum ldap_verdict {
        LDAP_VERDICT_ANSWERED, /* the session is as good as before */
        LDAP_VERDICT_LOST,     /* the connection is: the lookup has failed */
        LDAP_VERDICT_FAILED    /* ... for another reason: close the session */
};

/*
 * Answers a lookup by a search. Blocks until its deadline at most. server: for
 * reasons.
 */
enum ldap_verdict ldap_expand(const struct ldap_config *config,
        struct ldap_session *session, const char *server,
        const struct ldap_link *search, struct lookup *lookup);

#endif
