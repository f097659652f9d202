/* SPDX-License-Identifier: MIT */
/* Connecting to a server of an ldap table, with all that it takes. */
#ifndef TABLES_LDAP_LOGIN_H
#define TABLES_LDAP_LOGIN_H

#include "tables/ldap/config.h"
#include "tables/ldap/session.h"

/*
 * Connects, begins TLS, logs in: all that the file says; if that is not to log
 * in, the server has to say something to a search. It may block for the name
 * service, and else until the deadline. Returns 0; or a negative errno with the
 * reason, and the session is closed.
 */
int ldap_login(const struct ldap_config *config,
        const struct ldap_server *server, struct ldap_session *session,
        uint64_t deadline, struct reason *ret_reason);

/* The same, but for logging in. */
int ldap_login_as_nobody(const struct ldap_config *config,
        const struct ldap_server *server, struct ldap_session *session,
        uint64_t deadline, struct reason *ret_reason);

#endif
