/* SPDX-License-Identifier: MIT */
/* The servers of an ldap table: for any thread, once they are parsed. */
#ifndef TABLES_LDAP_SERVERS_H
#define TABLES_LDAP_SERVERS_H

#include "tables/support/address.h"
#include "tables/support/shared_hosts.h"

struct ldap_server {
        const char *url;
        struct address address;
        bool is_tls; /* from the first byte on */
};

struct ldap_servers {
        struct ldap_server *list;
        size_t count;
        struct shared_hosts shared; /* the same ones, in that order */
};

/*
 * Parses a URL, which the server borrows. Returns NULL, or what is wrong.
 */
const char *ldap_server_parse(const char *url, struct ldap_server *ret_server);

/*
 * Parses what Postfix calls server_host: URLs, HOST or HOST:PORT. A word that
 * is none of these is warned of, there, and left out. All is copied to the
 * arena. retry_interval: in milliseconds. Returns 0; or a negative errno with
 * the reason, -EINVAL when there is no server.
 */
int ldap_servers_parse(struct ldap_servers *ret_servers, struct span text,
        unsigned port, uint64_t retry_interval, struct arena *arena,
        struct report *report, const struct place *place,
        struct reason *ret_reason);

/* As shared_hosts_choose. */
const struct ldap_server *ldap_servers_choose(struct ldap_servers *servers,
        uint64_t *deadline, struct lookup *lookup);

struct host *ldap_servers_host(
        struct ldap_servers *servers, const struct ldap_server *server);

#endif
