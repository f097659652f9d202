/* SPDX-License-Identifier: MIT */
/*
 * Endpoints in Postfix's notation: "unix:PATH" ("local:PATH"),
 * "inet:HOST:PORT", "inet:PORT" (localhost), "inet:[ADDRESS]:PORT".
 */
#ifndef LIB_ENDPOINT_H
#define LIB_ENDPOINT_H

#include <socketmap/base.h>
#include <sys/socket.h>
#include <sys/un.h>

struct endpoint {
        int family;                      /* AF_UNIX, or AF_UNSPEC for inet */
        struct sockaddr_un unix_address; /* AF_UNIX */
        char host[256]; /* inet: name or address, no brackets */
        char port[32];  /* inet: number or service name */
};

/*
 * Parses an endpoint. Returns 0, -EINVAL, or -ENAMETOOLONG for a path that a
 * unix address cannot hold or a host name that is too long; the reason names
 * the endpoint and what was expected.
 */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint,
        struct socketmap_error *ret_error);

/*
 * Writes an address in the same notation ("unix:" alone for a unix socket
 * without a path). Returns 0, -ENOBUFS, or -EAFNOSUPPORT for an address that
 * has no such notation.
 */
int endpoint_format(const struct sockaddr *address, socklen_t length,
        char *buffer, size_t size);

#endif
