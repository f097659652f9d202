/* SPDX-License-Identifier: MIT */
/* Serving a configuration, from the first listener to the end of a drain. */
#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

/* Where clients come from. */
enum serve_mode {
        SERVE_LISTENERS,
        SERVE_INSTEAD, /* the same, in the place of a daemon that runs */
        SERVE_STDIO    /* one client on stdin and stdout */
};

/*
 * Reads the configuration and serves it until the end. Returns the exit status
 * of the process (sysexits.h); what goes wrong is logged.
 */
int serve(const char *file, enum serve_mode mode);

#endif
