/* SPDX-License-Identifier: MIT */
/* One connection of an ldap table, kept from one lookup to the next. */
#ifndef TABLES_LDAP_CLIENT_H
#define TABLES_LDAP_CLIENT_H

#include "tables/ldap/config.h"

struct ldap_client;

/*
 * Borrows the config until the end. For one thread at a time. Connects when it
 * is asked. Returns NULL when there is no memory.
 */
struct ldap_client *ldap_client_new(struct ldap_config *config);

/* NULL does nothing. */
void ldap_client_free(struct ldap_client *client);

/*
 * Answers a lookup, its key being one that there is a search for. Blocks, until
 * its deadline at most, but for the name service. A connection that was lost
 * since the lookup before is made anew. Left without an answer it is for a
 * thread that is connected.
 */
void ldap_client_ask(struct ldap_client *client, struct lookup *lookup);

#endif
