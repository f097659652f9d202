/* SPDX-License-Identifier: MIT */
/* Connecting to an endpoint in Postfix's notation, for the load generator. */
#ifndef CLI_DIAL_H
#define CLI_DIAL_H

#include <sys/socket.h>
#include <sys/types.h>

struct dial_target {
        struct sockaddr_storage address;
        socklen_t length;
};

/*
 * Finds the address of an endpoint, the first one if it has several. Returns
 * 0, -EINVAL when it is no endpoint, or -EHOSTUNREACH when its name cannot be
 * resolved, both after a complaint.
 */
int dial_resolve(const char *endpoint, struct dial_target *ret_target);

/*
 * Connects, which may take up to `timeout` milliseconds. Returns 0 with a
 * non-blocking descriptor, or a negative errno.
 */
int dial(const struct dial_target *target, unsigned timeout, int *ret_fd);

/* Returns the process at the other end of a unix socket, 0 if unknown. */
pid_t dial_peer(int fd);

#endif
