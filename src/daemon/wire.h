/* SPDX-License-Identifier: MIT */
/*
 * What two daemons say to each other at a takeover: messages "VERB" or
 * "VERB TEXT", with descriptors, on a unix socket that keeps them apart.
 */
#ifndef DAEMON_WIRE_H
#define DAEMON_WIRE_H

#include <stddef.h>
#include <sys/un.h>

enum { WIRE_TEXT_MAX = 4096, WIRE_FDS_MAX = 2 };

struct wire_message {
        char bytes[WIRE_TEXT_MAX];
        const char *verb; /* in bytes */
        const char *text; /* in bytes; "" without one */
        int fds[WIRE_FDS_MAX];
        size_t fd_count;
};

/* Makes the address of a socket. Returns 0 or -ENAMETOOLONG. */
int wire_address(const char *path, struct sockaddr_un *ret_address);

/*
 * Sends a message; waits for room for some seconds. The descriptors are
 * borrowed. Returns 0 or a negative errno.
 */
int wire_send(int fd, const char *verb, const char *text, const int *fds,
        size_t fd_count);

/*
 * Receives a message; its descriptors are the caller's. Returns 0, -EPIPE when
 * the other one has ended, -EAGAIN when there is none (in the socket's own
 * time), or another negative errno.
 */
int wire_receive(int fd, struct wire_message *message);

/* Closes the message's descriptors. */
void wire_close_fds(struct wire_message *message);

#endif
