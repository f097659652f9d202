/* SPDX-License-Identifier: MIT */
#include "lib/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KIND_UNKNOWN, KIND_UID, KIND_IPV4, KIND_IPV6 };

union address {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_storage storage;
};

static void identify_user(int fd, struct peer *peer)
{
        struct ucred user;
        socklen_t size = sizeof(user);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size) < 0)
                return;
        peer->kind = KIND_UID;
        memcpy(peer->address, &user.uid, sizeof(user.uid));
}

static struct peer identify(int fd)
{
        struct peer peer = {.kind = KIND_UNKNOWN};
        union address address;
        socklen_t size = sizeof(address);

        if (getpeername(fd, &address.any, &size) < 0)
                return peer;
        switch (address.any.sa_family) {
        case AF_UNIX:
                identify_user(fd, &peer);
                break;
        case AF_INET:
                peer.kind = KIND_IPV4;
                memcpy(peer.address, &address.ipv4.sin_addr, 4);
                break;
        case AF_INET6:
                peer.kind = KIND_IPV6;
                memcpy(peer.address, &address.ipv6.sin6_addr, 16);
                break;
        default:
                break;
        }
        return peer;
}

static bool is_same(const struct peer *a, const struct peer *b)
{
        return a->kind == b->kind &&
               memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static struct peer **slot_of(struct peers *peers, const struct peer *peer)
{
        uint32_t h = 2166136261U ^ peer->kind;

        for (size_t n = 0; n < sizeof(peer->address); n++)
                h = (h ^ peer->address[n]) * 16777619U;
        return &peers->slots[h % PEERS_SLOTS];
}

struct peer *peers_join(struct peers *peers, int fd)
{
        struct peer identity = identify(fd), *peer;
        struct peer **slot = slot_of(peers, &identity);

        for (peer = *slot; peer != NULL; peer = peer->next) {
                if (is_same(peer, &identity)) {
                        peer->count++;
                        return peer;
                }
        }
        peer = malloc(sizeof(*peer));
        if (peer == NULL)
                return NULL;
        *peer = identity;
        peer->count = 1;
        peer->next = *slot;
        *slot = peer;
        return peer;
}

void peers_leave(struct peers *peers, struct peer *peer)
{
        struct peer **place;

        if (peer == NULL || --peer->count > 0)
                return;
        place = slot_of(peers, peer);
        while (*place != peer)
                place = &(*place)->next;
        *place = peer->next;
        free(peer);
}

bool peer_is_network(const struct peer *peer)
{
        return peer->kind == KIND_IPV4 || peer->kind == KIND_IPV6;
}

void peer_format(const struct peer *peer, char *buffer, size_t size)
{
        uid_t uid;

        switch (peer->kind) {
        case KIND_UID:
                memcpy(&uid, peer->address, sizeof(uid));
                snprintf(buffer, size, "uid %lu", (unsigned long)uid);
                break;
        case KIND_IPV4:
                inet_ntop(AF_INET, peer->address, buffer, (socklen_t)size);
                break;
        case KIND_IPV6:
                inet_ntop(AF_INET6, peer->address, buffer, (socklen_t)size);
                break;
        default:
                snprintf(buffer, size, "unknown");
                break;
        }
}
