/* SPDX-License-Identifier: MIT */
/*
 * Who holds how many connections: users of unix sockets by uid, others by
 * network address.
 */
#ifndef LIB_PEERS_H
#define LIB_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
        struct peer *next; /* in its slot */
        size_t count;      /* connections */
        unsigned char kind;
        unsigned char address[16]; /* uid, IPv4 or IPv6 */
};

enum { PEERS_SLOTS = 1024 };

/* A zeroed one is empty. */
struct peers {
        struct peer *slots[PEERS_SLOTS];
};

/*
 * Returns the peer of a connected socket, counting one more connection of it;
 * NULL when there is no memory.
 */
struct peer *peers_join(struct peers *peers, int fd);

/* One connection less; frees the peer after its last one. */
void peers_leave(struct peers *peers, struct peer *peer);

/* Tells whether the peer came over TCP. */
bool peer_is_network(const struct peer *peer);

/* Writes "uid 108", "192.0.2.1" or "2001:db8::1" for a person. */
void peer_format(const struct peer *peer, char *buffer, size_t size);

#endif
