/* SPDX-License-Identifier: MIT */
/* One client, on stdin and stdout: for spawn(8) of Postfix, and inetd. */
#ifndef DAEMON_STDIO_H
#define DAEMON_STDIO_H

#include <socketmap/server.h>
#include <stdbool.h>

/*
 * Says whether stderr is the client, too, as it is under spawn(8) and inetd:
 * nothing may be logged there.
 */
bool stdio_has_stderr(void);

/*
 * Serves the client: on its socket, or by threads between a socket of our own
 * and anything else that stdin and stdout are. Returns 0 or a negative errno.
 */
int stdio_start(struct socketmap_server *server);

/* After the end of the connection: waits until stdout has all replies. */
void stdio_finish(void);

#endif
