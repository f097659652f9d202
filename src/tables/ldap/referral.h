/* SPDX-License-Identifier: MIT */
/* Going on at another server, as one that was asked has said. */
#ifndef TABLES_LDAP_REFERRAL_H
#define TABLES_LDAP_REFERRAL_H

#include "tables/ldap/link.h"
#include "tables/ldap/session.h"

/* No more may refer to each other. */
#define LDAP_REFERRALS_MAX 5

/*
 * Connects to one of the servers that URLs name, any of which will do, without
 * logging in: who we are is for those in the file alone. *query: what was asked
 * for; and becomes what to ask there, in the arena. Returns 0, or a negative
 * errno with the reason.
 */
int ldap_referral_open(const struct ldap_config *config, char **urls,
        uint64_t deadline, struct arena *arena, struct ldap_session *session,
        struct ldap_query *query, struct reason *ret_reason);

#endif
