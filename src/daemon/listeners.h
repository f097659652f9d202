/* SPDX-License-Identifier: MIT */
/*
 * The daemon's listeners. The server knows each by its endpoint as it is
 * written in the configuration: two of the same endpoint can't be, and a
 * section may get another name.
 */
#ifndef DAEMON_LISTENERS_H
#define DAEMON_LISTENERS_H

#include <socketmap/server.h>

struct config;

struct listeners {
        struct socketmap_server *server;
};

/*
 * Opens the listeners of a configuration. Returns an exit status (sysexits.h);
 * what goes wrong is logged.
 */
int listeners_open(struct listeners *listeners, const struct config *config);

/* Says where clients may connect now: with the ports that were chosen. */
void listeners_tell(const struct listeners *listeners);

#endif
