/* SPDX-License-Identifier: MIT */
/*
 * The daemon's listeners. The server knows each by its endpoint as it is
 * written in the configuration: no two have the same, and a section may get
 * another name.
 *
 * A change of them has two halves. Opening does what may fail or take long,
 * and changes nothing that clients see but the access to a socket's file;
 * committing lets the server listen.
 */
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include "base/report.h"
#include "daemon/listener.h"

struct config;
struct maps;

struct listeners_change;

/*
 * Opens what the configuration has and the listeners have not. Any thread, but
 * nobody may change the listeners meanwhile. All that is wrong is reported.
 * Returns NULL with an exit status (sysexits.h) then, and all is as before.
 */
struct listeners_change *listeners_open(struct listeners *listeners,
        const struct config *config, struct report *report, int *ret_status);

/*
 * Puts the change into place, on the server's thread: listeners that are gone
 * are closed, their connections stay. maps: those of the configuration, for
 * listeners with map_allow. Frees the change. Returns 0, or the first negative
 * errno: then some listeners are not as they should be, which is logged.
 */
int listeners_commit(struct listeners_change *change,
        const struct config *config, const struct maps *maps);

/* Undoes the opening, and frees the change. NULL does nothing. */
void listeners_abandon(struct listeners_change *change);

/* Says where clients may connect: with the ports that were chosen. */
void listeners_tell(const struct listeners *listeners, const char *what);

/* Gives up all locks, after the server has removed its sockets' files. */
void listeners_close(struct listeners *listeners);

/* Likewise, but another process goes on with the locks. */
void listeners_leave(struct listeners *listeners);

#endif
