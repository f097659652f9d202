/* SPDX-License-Identifier: MIT */
/*
 * A restart that no client notices: the service manager keeps the connections
 * from the end of a daemon to the start of the next one.
 */
#ifndef DAEMON_FDSTORE_H
#define DAEMON_FDSTORE_H

#include <socketmap/server.h>
#include <stdbool.h>
#include <stddef.h>

struct config;

struct fdstore {
        size_t room;     /* descriptors that the manager still takes */
        unsigned number; /* of the last connection with unread bytes */
        unsigned lost;   /* connections that it could not take */
};

/* Tells whether there is a manager that keeps descriptors. */
bool fdstore_is_there(void);

/*
 * Gives all connections of the server to the manager, each when no lookup is
 * under way on it; the server's on_idle tells the end. Listeners that are not
 * the manager's own are closed. Returns 0 or a negative errno.
 */
int fdstore_give(struct fdstore *store, struct socketmap_server *server,
        const struct config *config);

/* After the last connection: waits until the manager has them all. */
void fdstore_settle(const struct fdstore *store);

/*
 * Goes on with the connections that the manager has kept: it keeps them no
 * longer. Returns how many there are.
 */
unsigned fdstore_take(struct socketmap_server *server);

#endif
