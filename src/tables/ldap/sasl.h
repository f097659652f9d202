/* SPDX-License-Identifier: MIT */
/* Logging in to a server of LDAP by a mechanism of SASL. */
#ifndef TABLES_LDAP_SASL_H
#define TABLES_LDAP_SASL_H

#include "tables/ldap/config.h"
#include "tables/ldap/session.h"

/*
 * Logs in as the options for SASL say, by a mechanism that both sides have. It
 * may block for the name service, which some mechanisms ask for the server's
 * name, and as long as a mechanism asks servers of its own; else until the
 * deadline. Returns 0, or a negative errno with the reason.
 */
int ldap_sasl_log_in(const struct ldap_options *options,
        struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason);

#endif
