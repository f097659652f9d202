/* SPDX-License-Identifier: MIT */
/*
 * A blocking client: asks a socketmap server as Postfix does, over one
 * connection that stays open between lookups.
 *
 * A client belongs to one thread at a time. It never raises SIGPIPE.
 */
#ifndef SOCKETMAP_CLIENT_H
#define SOCKETMAP_CLIENT_H

#include <socketmap/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

struct socketmap_client;

/*
 * Creates a client for an endpoint in Postfix's notation ("unix:PATH",
 * "inet:HOST:PORT", "inet:PORT", "inet:[::1]:PORT"). Nothing is connected yet.
 *
 * Returns 0; -EINVAL or -ENAMETOOLONG when that is no endpoint, with the
 * reason in *ret_error (may be NULL); -ENOMEM.
 */
SOCKETMAP_API SOCKETMAP_MUST_USE int socketmap_client_new(const char *endpoint,
        struct socketmap_client **ret_client,
        struct socketmap_error *ret_error);

SOCKETMAP_API void socketmap_client_free(struct socketmap_client *client);

/*
 * Sets how long one lookup may take in all, connecting and the second try
 * included. Default: 100,000 ms, Postfix's. Resolving a host name is not
 * bounded by it.
 */
SOCKETMAP_API void socketmap_client_set_timeout(
        struct socketmap_client *client, unsigned timeout);

/* Sets the largest reply payload accepted; default 100,000 bytes. */
SOCKETMAP_API void socketmap_client_set_reply_limit(
        struct socketmap_client *client, size_t limit);

/*
 * Asks for `key` (any bytes) in the map `name`.
 *
 * Returns 0 when the server has answered: *ret_result is what it said, also
 * TEMP, TIMEOUT and PERM; its text is NUL-terminated and borrowed until the
 * next call on this client. Otherwise nothing is known about the key, and the
 * negative errno says why, with a text in *ret_error (may be NULL):
 * -ETIMEDOUT (nothing in time), -ECONNRESET (the server closed the connection
 * without an answer, twice: after the first time the client connects anew and
 * asks again, once, as Postfix does), -EPROTO (the reply is no socketmap
 * reply), -EMSGSIZE (reply above the limit), -EINVAL (name holds a space), or
 * the error of connecting. The connection is closed after an error; the next
 * lookup makes a new one.
 */
SOCKETMAP_API SOCKETMAP_MUST_USE int socketmap_client_lookup(
        struct socketmap_client *client, const char *name, const void *key,
        size_t key_size, struct socketmap_result *ret_result,
        struct socketmap_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
