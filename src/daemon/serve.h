/* SPDX-License-Identifier: MIT */
/* Serving a configuration, from the first listener to the end of a drain. */
#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

/*
 * Reads the configuration and serves it until the end. Returns the exit status
 * of the process (sysexits.h); what goes wrong is logged.
 */
int serve(const char *file);

#endif
