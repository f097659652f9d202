/* SPDX-License-Identifier: MIT */
/*
 * The connections of one table to its servers of PostgreSQL, and the making of
 * others: to which of the hosts, and how often.
 *
 * A host that fails rests; so does one that lets nobody stay. Those who wait
 * for connections are the owner's. On the events' thread.
 */
#ifndef TABLES_PGSQL_CONNECTIONS_H
#define TABLES_PGSQL_CONNECTIONS_H

#include "tables/pgsql/config.h"
#include "tables/pgsql/connection.h"
#include "tables/pgsql/dialer.h"
#include "tables/support/connection_list.h"
#include "tables/support/dialing.h"

struct connections {
        struct pgsql_config *config;
        struct events *events;
        const struct connection_owner *owner;
        void (*changed)(void *ctx);
        void *ctx; /* the owner's */
        struct dialing dialing;
        struct pgsql_dialer *dialer;
        unsigned fruitless; /* lost without an answer, one after another */
        struct connection_list list;
};

/*
 * Borrows the configuration. owner: of each of the connections. changed is
 * called when there is another one, or when one could not be made, never inside
 * of these. Any thread. Returns NULL when there is no memory.
 */
struct connections *connections_new(const struct table_env *env,
        struct pgsql_config *config, const struct connection_owner *owner,
        void (*changed)(void *ctx), void *ctx);

/* Has its event made, before all that follows. Returns 0 or -ENOMEM. */
int connections_open(struct connections *connections);

/* NULL does nothing. */
void connections_close(struct connections *connections);

/*
 * Has another one made if there may be more; if none can be now, `changed` is
 * called when one can.
 */
void connections_want(struct connections *connections);

/*
 * Says why nobody can be asked, or NULL: there are connections, or there may be
 * one soon.
 */
const struct reason *connections_obstacle(
        const struct connections *connections);

/* Whether a new one may be made soon. */
bool connections_may_grow(const struct connections *connections);

/* One has answered: its host works. */
void connections_works(
        struct connections *connections, struct connection *connection);

/* One is of no more use: it ended; for some reason; or with a query that takes
 * too long, of which the server is told. is_host: it's the host that is slow.
 */
void connections_drop(
        struct connections *connections, struct connection *connection);
void connections_lose(struct connections *connections,
        struct connection *connection, const struct reason *reason);
void connections_stop(struct connections *connections,
        struct connection *connection, bool is_late);

#endif
