/* SPDX-License-Identifier: MIT */
/* Descriptors with names that came from outside. */
#ifndef DAEMON_FDLIST_H
#define DAEMON_FDLIST_H

#include <stddef.h>

struct fdlist_entry {
        char *name;
        int fd;
};

/* A zeroed list is empty. The descriptors in it are its own. */
struct fdlist {
        struct fdlist_entry *entries;
        size_t count;
};

/* Closes all of them. */
void fdlist_fini(struct fdlist *list);

/*
 * Adds a descriptor. Takes it, also on failure; copies the name. Returns 0 or
 * -ENOMEM.
 */
int fdlist_add(struct fdlist *list, const char *name, int fd);

/* Returns the n-th descriptor (from 0) of that name, borrowed, or -ENOENT. */
int fdlist_get(const struct fdlist *list, const char *name, size_t n);

/* Returns the first one of that name, the caller's now, or -ENOENT. */
int fdlist_claim(struct fdlist *list, const char *name);

#endif
