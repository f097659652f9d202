/* SPDX-License-Identifier: MIT */
/* The descriptors that the service manager has started the daemon with. */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include <stddef.h>

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

/*
 * Returns the n-th of all descriptors, borrowed, and its name; or -ENOENT.
 * activation_remove takes it out of the list: it is the caller's then.
 */
int activation_get(size_t n, const char **ret_name);
void activation_remove(size_t n);

/*
 * Adds a descriptor of the service manager that came in another way. Takes it,
 * also on failure. Returns 0 or -ENOMEM.
 */
int activation_add(const char *name, int fd);

#endif
