/* SPDX-License-Identifier: MIT */
/* A configuration on its way into force: read, and all of it opened. */
#ifndef DAEMON_OPENED_H
#define DAEMON_OPENED_H

#include "base/report.h"
#include <stdbool.h>

struct config;
struct daemon;
struct listeners_change;
struct maps;

struct opened {
        struct config *config;
        struct maps *maps;
        struct listeners_change *change; /* NULL: without listeners */
};

/*
 * Reads a configuration file; what is wrong is reported. Any thread. Returns an
 * exit status (sysexits.h), EX_OK when there is something to open or to close.
 */
int opened_read(struct opened *opened, const char *file, struct report *report);

/*
 * Opens what the daemon has not yet, its listeners only if that is wanted;
 * nothing that clients see changes. What is wrong is reported. Any thread, but
 * nobody may change the daemon's maps and listeners meanwhile. Returns an exit
 * status; when it isn't EX_OK it is closed.
 */
int opened_open(struct opened *opened, struct daemon *daemon,
        bool with_listeners, struct report *report);

/*
 * Puts it into force in place of what was before, on the server's thread.
 * Returns 0, or a negative errno, which is logged: most or all is as before.
 * Either way it is closed.
 */
int opened_commit(struct opened *opened, struct daemon *daemon);

/* Closes it unused. A zeroed one: nothing. */
void opened_close(struct opened *opened);

#endif
