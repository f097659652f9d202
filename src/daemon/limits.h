/* SPDX-License-Identifier: MIT */
/* The limits of [server], given to a server. */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

struct config_server;
struct socketmap_server;

/* The process may not have descriptors for all connections: that is told. */
void limits_apply(
        struct socketmap_server *server, const struct config_server *options);

#endif
