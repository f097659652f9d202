/* SPDX-License-Identifier: MIT */
/*
 * The server as its own files see it: server.c makes and ends it,
 * server_maps.c swaps its maps, server_listen.c gives it sockets,
 * server_give.c gives them away, and server_drive.c runs it.
 */
#ifndef LIB_SERVER_H
#define LIB_SERVER_H

#include "lib/core.h"
#include "lib/listener.h"
#include <socketmap/uv.h>

/* How a foreign loop drives it. */
struct drive {
        int fd;       /* epoll of libuv's own descriptor and the timer */
        int timer_fd; /* libuv's timers, which its descriptor leaves out */
        uint64_t armed;
};

struct socketmap_server {
        struct core core; /* first, so that the core is the server */
        uv_loop_t own_loop;
        bool owns_loop;
        uv_async_t async; /* something is in the mailbox, or to be done */
        struct drive drive;
        struct listener *listeners; /* in the order they were made */
        struct scope scope;         /* the server's own maps */
        struct scope *scopes;       /* of those with a name or their own */
        struct generation *dropped; /* swapped out, freed on the loop */
        struct socketmap_error error;
        bool started;
        bool ending;
        bool drain_wanted;
        bool give_wanted;
        bool draining; /* or giving: takes no more connections */
        struct due drain_due;
        atomic_bool stopping;
        void (*idle)(struct socketmap_server *server, void *ctx);
        void *idle_ctx;
};

/* Lets the loop look at what was changed from outside of it. Any thread. */
void server_wake(struct socketmap_server *server);

/* Takes what other threads left, and does what was put off until now. */
void server_catch_up(struct socketmap_server *server);

/* Tells whether run has to return. */
bool server_is_done(const struct socketmap_server *server);

/*
 * Keeps the first set-up error, as long as the server has not started.
 * Returns its code.
 */
int server_fail(
        struct socketmap_server *server, const struct socketmap_error *error);

/* Puts a generation into a scope, dropping the one it had. */
void server_set_generation(struct socketmap_server *server, struct scope *scope,
        struct generation *generation);

/* The scope of the listeners of a name, or NULL. */
struct scope *server_find_scope(
        struct socketmap_server *server, const char *name);

/*
 * The scope of a new listener: that of its name, or a new one when it is the
 * first or has maps of its own; the server's when it has neither (name may be
 * NULL). Returns NULL when there is no memory.
 */
struct scope *server_get_scope(
        struct socketmap_server *server, const char *name, bool has_maps);

/* Gives a scope its own maps, or (NULL) the server's. 0 or -ENOMEM. */
int server_set_scope_maps(struct socketmap_server *server, struct scope *scope,
        struct socketmap_maps *maps);

/* Tells whether there is a scope that nobody uses any more. */
bool server_has_idle_scope(const struct socketmap_server *server);

/* Frees the scopes that nobody uses. */
void server_free_idle_scopes(struct socketmap_server *server);

/* Leaves the listeners, and gives the connections at rest away. */
void server_start_giving(struct socketmap_server *server);

/* Ends what server_drive.c has opened. */
void drive_fini(struct drive *drive);

#endif
