/* SPDX-License-Identifier: MIT */
/* An endpoint as one of Postfix's daemons sees it, or anybody else. */
#ifndef CLI_DOCTOR_ENDPOINT_H
#define CLI_DOCTOR_ENDPOINT_H

#include "base/arena.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct config;
struct config_listener;

/* Who looks, and from where. */
struct looker {
        const char *directory; /* its working directory */
        bool chrooted;         /* to that */
        const char *name;      /* of the user; NULL: whoever runs this */
        uid_t uid;
        gid_t gid; /* its only group: Postfix's daemons have no others */
};

enum sight {
        SIGHT_FINE,
        SIGHT_MISSING,   /* there is nothing */
        SIGHT_HIDDEN,    /* we ourselves may not look */
        SIGHT_DIRECTORY, /* a directory that it may not search */
        SIGHT_NO_SOCKET, /* something else */
        SIGHT_SOCKET     /* a socket that it may not connect to */
};

/* What somebody sees of a unix socket. */
struct path_sight {
        enum sight sight;
        const char *path; /* of the socket, for us */
        const char *at;   /* what is in the way */
        struct stat status;
};

/* Returns the path of a unix endpoint in Postfix's notation, or NULL. */
const char *endpoint_path(const char *endpoint);

/* Returns the path as we see it. */
const char *endpoint_real_path(
        const struct looker *looker, const char *path, struct arena *arena);

void endpoint_look(const struct looker *looker, const char *path,
        struct arena *arena, struct path_sight *ret_sight);

/*
 * Returns whether the owner, group and mode of a socket let somebody connect,
 * who is in one group only.
 */
bool endpoint_lets_in(const struct looker *looker, const struct stat *status);

/*
 * Returns our listener at a unix path (a real one) or, if path is NULL, at the
 * address of an inet endpoint; NULL if none of the configuration's is there,
 * as far as the configuration tells.
 */
const struct config_listener *endpoint_find_listener(
        const struct config *config, const char *path, const char *endpoint);

/*
 * Returns how Postfix should write the endpoint of our listener: for a socket
 * below its queue directory the path from there, which is right with and
 * without chroot. NULL when the configuration doesn't tell the address.
 */
const char *endpoint_for_postfix(const char *queue_directory,
        const struct config_listener *listener, struct arena *arena);

#endif
