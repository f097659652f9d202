/* SPDX-License-Identifier: MIT */
/* A change of the listeners, between its two halves. */
#ifndef DAEMON_LISTENERS_CHANGE_H
#define DAEMON_LISTENERS_CHANGE_H

#include "daemon/listener.h"
#include "daemon/sockets.h"
#include <stdbool.h>
#include <sys/stat.h>

/* One listener of a new configuration. */
struct entry {
        struct entry *next;
        const struct config_listener *options;
        struct listener *listener; /* as the configuration has it */
        struct listener *kept;     /* which is open already, or NULL */
        struct sockets sockets;    /* when it is not */
        struct stat before;        /* the rights of a file that was there */
        bool has_before;           /* ... which were changed */
        bool has_failed;           /* to be put into place */
};

struct listeners_change {
        struct listeners *listeners;
        struct entry *entries; /* as in the file */
};

#endif
