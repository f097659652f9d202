/* SPDX-License-Identifier: MIT */
/* The descriptors that the service manager has started the daemon with. */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include "daemon/fdlist.h"

/*
 * Takes over what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say, if that is
 * for this process, and removes them from the environment. Once, before
 * anything opens a descriptor. Returns 0 or a negative errno: nothing of it is
 * to be trusted then.
 */
int activation_start(void);

/* Closes what is left. */
void activation_stop(void);

/*
 * Returns a copy of the n-th descriptor (from 0) of that name, which the caller
 * closes; or -ENOENT, or another negative errno. The original stays, so that a
 * listener can be closed and come back.
 */
int activation_take(const char *name, size_t n);

/* All of them; what is taken out or added is so for activation_take, too. */
struct fdlist *activation_list(void);

#endif
