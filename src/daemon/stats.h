/* SPDX-License-Identifier: MIT */
/* What was counted, for the log. */
#ifndef DAEMON_STATS_H
#define DAEMON_STATS_H

struct maps;
struct socketmap_server;

/* Writes a line for the server and one for each map. */
void stats_tell(const struct socketmap_server *server, const struct maps *maps);

#endif
