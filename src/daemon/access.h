/* SPDX-License-Identifier: MIT */
/*
 * Who may ask: over unix sockets by user and group of the process that has
 * connected, over TCP by its address. A kind of rule that a listener hasn't
 * refuses nobody, but for TCP where only users or groups are named.
 */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct config_listener;

struct network {
        unsigned char address[16]; /* IPv4: as ::ffff:a.b.c.d */
        unsigned bits;
};

/* A zeroed one lets everybody in. */
struct access {
        uid_t *users;
        size_t user_count;
        gid_t *groups;
        size_t group_count;
        struct network *networks;
        size_t network_count;
};

/* Who has connected, for the log: "uid 108", "192.0.2.1". */
struct access_peer {
        char text[64];
};

/* Takes the rules of a listener's section. Returns 0 or a negative errno. */
int access_init(struct access *access, const struct config_listener *options);
void access_fini(struct access *access);

/* Says whether the peer of a connected socket may ask. */
bool access_allows(
        const struct access *access, int fd, struct access_peer *ret_peer);

/*
 * "ADDRESS" or "ADDRESS/BITS", an IPv6 address with or without brackets.
 * Returns 0, or -EINVAL when it isn't that, or has bits behind the prefix.
 */
int network_parse(const char *text, struct network *ret_network);

#endif
