/* SPDX-License-Identifier: MIT */
/* The servers of an ldap table: for any thread, once they are parsed. */
#ifndef TABLES_LDAP_SERVERS_H
#define TABLES_LDAP_SERVERS_H

#include "tables/support/address.h"
#include "tables/support/hosts.h"
#include <pthread.h>

struct ldap_server {
        const char *url;
        struct address address;
        bool is_tls; /* from the first byte on */
};

struct ldap_servers {
        struct ldap_server *list;
        size_t count;
        pthread_mutex_t mutex;               /* for the hosts */
        struct hosts hosts;                  /* the same ones, in that order */
        const struct table_watcher *watcher; /* who isn't the hosts' yet */
        const char *map;                     /* whose they are */
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

/*
 * From now on the watcher is told of changes: from the first lookup on that is
 * not a canary, before any thread has one.
 */
void ldap_servers_watch(struct ldap_servers *servers);

void ldap_servers_fini(struct ldap_servers *servers);

/*
 * Chooses whom to connect to, and for how much of the time until the deadline:
 * others may have to be tried in the rest of it. Returns 0, or -EHOSTDOWN with
 * the reason why there is none.
 */
int ldap_servers_choose(struct ldap_servers *servers, uint64_t *deadline,
        const struct ldap_server **ret_server, struct reason *ret_reason);

/*
 * Says what has become of it; why: the reason, or NULL: it works. The log gets
 * one line when it fails first, and one when it works again.
 */
void ldap_servers_tell(struct ldap_servers *servers,
        const struct ldap_server *server, const struct reason *why);

#endif
