/* SPDX-License-Identifier: MIT */
/* One listener of the daemon, and the list of all. */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "daemon/access.h"
#include "daemon/lock.h"
#include "daemon/refusals.h"
#include <socketmap/server.h>
#include <sys/types.h>

struct config_listener;
struct fdlist;
struct log_limit;
struct uv_loop_s;

/* A listener that is open. */
struct listener {
        struct listeners *owner;
        struct listener *next; /* as in the file */
        char *endpoint;
        char *path; /* of a unix socket that is ours, else NULL */
        mode_t mode;
        uid_t uid;
        gid_t gid;
        struct access access;
        struct lock lock; /* of the path */
};

struct listeners {
        struct socketmap_server *server;
        struct uv_loop_s *loop;
        struct log_limit *log_limit;
        struct listener *list;
        /* Of a daemon whose place we take, for the next change; borrowed. */
        struct fdlist *inherited;       /* sockets by endpoint; NULL: none */
        struct fdlist *inherited_locks; /* by path; likewise */
        struct refusals refusals;
};

/*
 * Makes a listener as its section has it, without a socket. Returns NULL when
 * there is no memory.
 */
struct listener *listener_new(
        struct listeners *owner, const struct config_listener *options);

/* Gives its lock up, too. NULL does nothing. */
void listener_free(struct listener *listener);

/* Finds the listener of an endpoint; NULL: there is none. */
struct listener *listener_find(
        const struct listeners *listeners, const char *endpoint);

#endif
