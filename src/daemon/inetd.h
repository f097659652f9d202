/* SPDX-License-Identifier: MIT */
/* One client, on stdin and stdout: for spawn(8) of Postfix, and inetd. */
#ifndef DAEMON_INETD_H
#define DAEMON_INETD_H

#include <socketmap/server.h>
#include <stdbool.h>

/*
 * Says whether stderr is the client, too, as it is under spawn(8) and inetd:
 * nothing may be logged there.
 */
bool inetd_has_stderr(void);

/*
 * Serves the client: on its socket, or by threads between a socket of our own
 * and anything else that stdin and stdout are. Returns 0 or a negative errno.
 */
int inetd_start(struct socketmap_server *server);

/* After the end of the connection: waits until stdout has all replies. */
void inetd_finish(void);

#endif
