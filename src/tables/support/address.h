/* SPDX-License-Identifier: MIT */
/*
 * Addresses of servers in Postfix's notation: "unix:PATH" ("local:PATH"),
 * "inet:HOST:PORT", "inet:PORT" (localhost), "inet:[ADDRESS]:PORT".
 */
#ifndef TABLES_SUPPORT_ADDRESS_H
#define TABLES_SUPPORT_ADDRESS_H

#include "base/report.h"
#include <sys/socket.h>
#include <sys/un.h>

struct address {
        bool is_unix;
        char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
        char host[256]; /* name or address, no brackets */
        char port[32];  /* number or name of a service */
};

/* Parses it. A path has to be absolute. Returns 0, or -EINVAL with the reason.
 */
int address_parse(struct span text, struct address *ret_address,
        struct reason *ret_reason);

/*
 * Whether it is a number that resolvers do not cut to another port, or a name;
 * not an address, as where the port is missing.
 */
bool address_port_is_good(const char *port);

/* Where to connect to, in order. */
struct targets {
        unsigned count;
        struct target {
                struct sockaddr_storage address;
                socklen_t size;
        } list[8];
};

/* Whether finding the targets asks nobody: no name service may take long. */
bool address_is_known(const struct address *address);

/*
 * Finds the targets, blocking if the address is not known. Returns 0, or a
 * negative errno with the reason.
 */
int address_resolve(const struct address *address, struct targets *ret_targets,
        struct reason *ret_reason);

#endif
