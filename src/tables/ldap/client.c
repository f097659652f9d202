/* SPDX-License-Identifier: MIT */
#include "tables/ldap/client.h"
#include "base/events.h"
#include "tables/ldap/expand.h"
#include "tables/ldap/login.h"
#include "tables/ldap/quote.h"
#include <stdlib.h>

/* A connection that nobody has used for so long may be forgotten on the way. */
#define IDLE_TIME 60000

struct ldap_client {
        struct ldap_config *config;
        struct ldap_session session;
        const struct ldap_server *server; /* of the session */
        uint64_t used_at;
};

struct ldap_client *ldap_client_new(struct ldap_config *config)
{
        struct ldap_client *client = calloc(1, sizeof(*client));

        if (client == NULL)
                return NULL;
        client->config = config;
        client->session.fd = -1;
        return client;
}

static void disconnect(struct ldap_client *client)
{
        if (client->session.ld != NULL)
                shared_hosts_disconnected(&client->config->servers.shared);
        ldap_session_close(&client->session);
}

void ldap_client_free(struct ldap_client *client)
{
        if (client == NULL)
                return;
        disconnect(client);
        free(client);
}

static const char *name_of(const struct ldap_client *client)
{
        return ldap_servers_host(&client->config->servers, client->server)
                ->name;
}

/*
 * Returns false when nobody can be reached: the lookup has failed, or is for a
 * thread that is connected.
 */
static bool connect_to_any(struct ldap_client *client, struct lookup *lookup)
{
        struct ldap_servers *servers = &client->config->servers;

        for (;;) {
                uint64_t deadline =
                        ldap_config_deadline(client->config, lookup);
                uint64_t begin;
                struct reason why;
                struct host *host;

                client->server =
                        ldap_servers_choose(servers, &deadline, lookup);
                if (client->server == NULL)
                        return false;
                host = ldap_servers_host(servers, client->server);
                lookup_trace(lookup, "ldap: connects to %s", host->name);
                begin = events_now();
                if (ldap_login(client->config, client->server, &client->session,
                            deadline, &why) == 0) {
                        shared_hosts_connected(&servers->shared, host);
                        return true;
                }
                shared_hosts_failed(&servers->shared, host, begin, &why);
        }
}

/* Has a connection that is worth a try. *ret_is_new: nobody has used it yet. */
static bool open_session(
        struct ldap_client *client, struct lookup *lookup, bool *ret_is_new)
{
        *ret_is_new = false;
        if (events_now() - client->used_at < IDLE_TIME &&
                ldap_session_is_quiet(&client->session))
                return true;
        disconnect(client);
        *ret_is_new = true;
        return connect_to_any(client, lookup);
}

/* Makes the search of the key. Returns false: the lookup is done. */
static bool make_search(const struct ldap_config *config, struct lookup *lookup,
        struct ldap_query *ret_search)
{
        struct span base, filter;
        int r = template_expand_key(&config->base, lookup->key, ldap_quote_dn,
                NULL, lookup->arena, &base);

        if (r > 0)
                r = template_expand_key(db_common_template(config->common),
                        lookup->key, ldap_quote_filter, NULL, lookup->arena,
                        &filter);
        if (r < 0)
                lookup_failed(lookup, "out of memory for the search");
        if (r == 0)
                lookup_absent(lookup);
        if (r <= 0)
                return false;
        *ret_search = (struct ldap_query){
                .base = base.data,
                .scope = config->scope,
                .filter = filter.data,
                .attributes = config->attributes.names,
        };
        return true;
}

void ldap_client_ask(struct ldap_client *client, struct lookup *lookup)
{
        enum ldap_verdict verdict;
        struct ldap_query search;
        bool is_new;

        if (!make_search(client->config, lookup, &search))
                return;
        do {
                if (!open_session(client, lookup, &is_new))
                        return;
                lookup_trace(lookup, "ldap: asks %s", name_of(client));
                verdict = ldap_expand(client->config, &client->session,
                        name_of(client), &search, lookup);
                client->used_at = events_now();
                if (verdict != LDAP_VERDICT_ANSWERED)
                        disconnect(client);
        } while (verdict == LDAP_VERDICT_LOST && !is_new);
}
