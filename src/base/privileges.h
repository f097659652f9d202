/* SPDX-License-Identifier: MIT */
/* Becoming somebody with fewer rights, for good. */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include "base/report.h"
#include <sys/types.h>

/* -1: not to be changed. */
struct identity {
        const char *user; /* for its other groups; NULL: none */
        uid_t uid;
        gid_t gid;
};

/*
 * Gives up for good that a program which the process starts gains rights by it.
 * Before there is any other thread. Returns 0, or a negative errno with the
 * reason.
 */
int privileges_seal(struct reason *ret_reason);

/*
 * Takes on an identity with its groups, for all threads, and makes sure that
 * there is no way back. It may be the one we have. May block: it asks for the
 * user's groups. Returns 0, or a negative errno with the reason: the process
 * must end then.
 */
int privileges_drop(const struct identity *identity, struct reason *ret_reason);

#endif
