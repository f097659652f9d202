/* SPDX-License-Identifier: MIT */
/*
 * The socket through which another socketmapd takes this one's place. They
 * say (see daemon/wire.h; each line a message, FD: with a descriptor):
 *
 *     new: takeover 1
 *     old: environment NAME=VALUE      what the service manager has told it
 *          activated NAME FD           sockets of the service manager
 *          control PATH FD             this socket itself
 *          listener ENDPOINT FD        a listening socket
 *          lock PATH FD                the lock of a listener's path
 *          all
 *     new: go                          it listens; until here it may give up
 *     old: connection ENDPOINT FD [FD] each as soon as nothing is under way
 *          end
 *
 * What a receiver doesn't know it leaves out.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <socketmap/server.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

struct config_server;
struct listeners;

struct control {
        struct socketmap_server *server;
        const struct listeners *listeners;
        void (*go)(void *ctx); /* somebody takes over now: control_give */
        void *ctx;
        uv_loop_t *loop;
        uv_poll_t listener;
        uv_poll_t peer;
        uv_timer_t patience; /* with the peer */
        char *path;
        int fd;      /* listens; -1: there is none */
        int peer_fd; /* who wants to take over; -1: nobody */
        pid_t peer_pid;
        bool has_told;  /* the peer knows everything */
        bool has_given; /* the peer is the daemon now */
        unsigned lost;  /* connections that could not be sent */
};

/*
 * Makes the socket that the options name, if they name one, or goes on with
 * `inherited` (else -1), which it takes. server, listeners, loop,
 * go and ctx are set before. Only our own user and root are heard there.
 * Returns 0 or a negative errno; what is wrong is logged.
 */
int control_start(struct control *control, const struct config_server *options,
        int inherited);

/*
 * Keeps whoever wants to take over waiting, while this daemon itself still
 * takes over from another one, and no longer.
 */
void control_hold(struct control *control);
void control_resume(struct control *control);

/*
 * Gives the connections of the server to the new daemon, and tells the service
 * manager which process that is; the server's on_idle tells the end.
 */
void control_give(struct control *control);

/* After the last connection: tells the new daemon that it has everything. */
void control_settle(struct control *control);

/* Ends a takeover that has not gone; removes the socket if it is still ours. */
void control_stop(struct control *control);

#endif
