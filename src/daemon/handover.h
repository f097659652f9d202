/* SPDX-License-Identifier: MIT */
/* A connection that goes on in another process. */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

#include <socketmap/server.h>
#include <stdbool.h>

/*
 * What another process needs: the socket, and a file in memory with the bytes
 * that were read from it already; without such bytes count is 1.
 */
struct handover {
        int fds[2];
        size_t count;
};

/* Takes the connection's socket, also on failure. 0 or a negative errno. */
int handover_pack(struct handover *handover,
        const struct socketmap_connection *connection);

/* Closes the descriptors. */
void handover_fini(struct handover *handover);

/* Tells whether the server has a listener of that name. */
bool handover_is_known(
        const struct socketmap_server *server, const char *listener);

/*
 * Serves what handover_pack has packed; takes the descriptors. listener: the
 * name by which the server has to know the connection's listener. If it has no
 * such listener any more, the connection is closed: other maps might be seen
 * there. Returns 0, -ENOENT or another negative errno.
 */
int handover_serve(struct handover *handover, struct socketmap_server *server,
        const char *listener);

#endif
