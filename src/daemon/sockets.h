/* SPDX-License-Identifier: MIT */
/*
 * The listening sockets of one endpoint, before the daemon's server has them:
 * until then they can go as if they had never been there.
 */
#ifndef DAEMON_SOCKETS_H
#define DAEMON_SOCKETS_H

#include "base/report.h"
#include <stdint.h>

struct config_listener;
struct fdlist;
struct socketmap_server;

/* A zeroed one has none. */
struct sockets {
        struct socketmap_server *server; /* holds them, and accepts nobody */
};

/*
 * Makes the sockets of an endpoint, or takes those that a service manager has
 * made. Clients may connect from here on, and wait. backlog: where the section
 * has none. Returns 0, or a negative errno with the reason.
 */
int sockets_open(struct sockets *sockets, const struct config_listener *options,
        uint64_t backlog, struct reason *ret_reason);

/*
 * Takes copies of the sockets that another daemon has for the endpoint. Returns
 * likewise; -ENOENT when there is none.
 */
int sockets_inherit(struct sockets *sockets,
        const struct config_listener *options, const struct fdlist *from,
        struct reason *ret_reason);

/* Returns a copy of the n-th descriptor, or -ENOENT or another errno. */
int sockets_copy(const struct sockets *sockets, size_t n);

/* Closes them; files of unix sockets stay: the copies listen on. */
void sockets_leave(struct sockets *sockets);

/* Closes them, and removes the files that sockets_open has made. */
void sockets_close(struct sockets *sockets);

#endif
