/* SPDX-License-Identifier: MIT */
/* Listening sockets: they accept, and pause when the process is full. */
#ifndef LIB_LISTENER_H
#define LIB_LISTENER_H

#include "lib/bind.h"
#include "lib/core.h"

/* Who may connect: asked about every new descriptor. NULL: anybody. */
struct filter {
        int (*admits)(void *ctx, int fd);
        void *ctx;
};

struct listener {
        uv_poll_t poll; /* first, so that its handle is the listener */
        struct core *core;
        struct scope *scope;
        struct listener *next;
        struct due resume; /* set while it is paused */
        struct bound_file file;
        int fd;
        struct filter filter;
};

/*
 * Accepts on a listening socket. Takes the descriptor, also on failure. file
 * (or NULL) is removed when the listener is closed. Returns NULL and a negative
 * errno in *ret_code on failure.
 */
struct listener *listener_open(struct core *core, struct scope *scope, int fd,
        const struct bound_file *file, int *ret_code);

void listener_close(struct listener *listener);

/* Closes it and leaves the file: another process goes on with the socket. */
void listener_leave(struct listener *listener);

/* There may be room again: goes on, if it is paused. */
void listener_resume(struct listener *listener);

#endif
