/* SPDX-License-Identifier: MIT */
/* Making listening sockets. */
#ifndef LIB_BIND_H
#define LIB_BIND_H

#include "lib/endpoint.h"
#include <stdbool.h>
#include <sys/types.h>

struct bind_options {
        int backlog;
        bool has_mode;
        mode_t mode;
        uid_t uid; /* -1: as it is */
        gid_t gid;
};

/* A unix socket's file, as it was made: only that one is removed later. */
struct bound_file {
        char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
        dev_t device;
        ino_t inode;
};

/*
 * Listens on a unix socket. It appears under its path with mode and owner set
 * and listening. A stale socket is replaced, only if nobody answers on it.
 * Returns the non-blocking descriptor, or a negative errno.
 */
int bind_unix(const struct endpoint *endpoint,
        const struct bind_options *options, struct bound_file *ret_file,
        struct socketmap_error *ret_error);

/*
 * Takes over the file of a unix socket that another process has made. Returns
 * 0, -ENAMETOOLONG, -EEXIST (it is no socket), or a negative errno of looking
 * at it.
 */
int bound_file_adopt(struct bound_file *file, const char *path);

/* Removes the file, if it is still the one that was made. */
void bind_unlink(const struct bound_file *file);

/* Listens on one resolved TCP address. Returns likewise. */
int bind_tcp(const struct sockaddr *address, socklen_t size, int backlog,
        struct socketmap_error *ret_error);

#endif
