/* SPDX-License-Identifier: MIT */
/* A real socketmap server on a thread, whose map "m" has one key. */
#ifndef CONTRACT_ANSWERING_H
#define CONTRACT_ANSWERING_H

#include <stddef.h>

struct answering;

/*
 * Starts a server on an endpoint, of which it takes a copy. Keys are compared
 * without regard to ASCII case. NULL for key and value: a key is its own value,
 * but that "nobody" is not found, and "fail" is TEMP.
 */
struct answering *answering_start(
        const char *endpoint, const char *key, const char *value);

/* The endpoint, with the port that it really has. */
const char *answering_endpoint(const struct answering *answering);

/* How many connections it has accepted, and has now. Any time. */
size_t answering_accepted(const struct answering *answering);
size_t answering_connections(const struct answering *answering);

/* Ends it at once; its connections are closed. NULL does nothing. */
void answering_stop(struct answering *answering);

#endif
