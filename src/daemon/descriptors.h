/* SPDX-License-Identifier: MIT */
/* As many connections as the process may have descriptors for. */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include <socketmap/server.h>

/*
 * Raises the process's limit of descriptors as far as it goes. Where that is
 * too few for the server's default of connections, lowers that and says so.
 */
void descriptors_provide(struct socketmap_server *server);

#endif
