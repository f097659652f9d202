/* SPDX-License-Identifier: MIT */
/* Taking the place of a socketmapd that runs (see daemon/control.h). */
#ifndef DAEMON_TAKEOVER_H
#define DAEMON_TAKEOVER_H

#include "daemon/fdlist.h"

#include <socketmap/server.h>
#include <uv.h>

struct takeover {
        struct fdlist listeners; /* by endpoint */
        struct fdlist locks;     /* by path */
        int control_fd;          /* the control socket, to be claimed; or -1 */
        int fd;                  /* to the other daemon; -1: none */
        uv_poll_t poll;
        struct socketmap_server *server;
        void (*done)(void *ctx); /* the other daemon has given everything */
        void *ctx;
        unsigned taken; /* connections */
        unsigned lost;  /* that could not be served on */
};

/*
 * Asks the daemon that listens on the control socket `path` for its sockets,
 * and gets them, but not yet its connections: it goes on serving. Returns an
 * exit status (sysexits.h); what is wrong is logged.
 */
int takeover_begin(struct takeover *takeover, const char *path);

/*
 * The server listens on all its endpoints: the other daemon is to end, and its
 * connections are served as they come; after the last one `done` is called,
 * which is set before. Returns an exit status.
 */
int takeover_go(struct takeover *takeover, uv_loop_t *loop,
        struct socketmap_server *server);

/*
 * Before takeover_go: leaves everything to the other daemon. Closes the
 * listeners that are not its own; what is its own must not be removed, so
 * freeing the server is not allowed then, but _exit.
 */
void takeover_abandon(
        struct takeover *takeover, struct socketmap_server *server);

void takeover_fini(struct takeover *takeover);

#endif
