/* SPDX-License-Identifier: MIT */
#include "daemon/access.h"

#include "config/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char v4_prefix[12] = {
        [10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */

static bool is_v4(const unsigned char address[16])
{
        return memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0;
}

/* Reads the number of bits, up to `most`. */
static int parse_bits(const char *text, unsigned most, unsigned *ret_bits)
{
        unsigned bits = 0;

        if (*text == '\0' || strlen(text) > 3)
                return -EINVAL;
        for (; *text != '\0'; text++) {
                if (*text < '0' || *text > '9')
                        return -EINVAL;
                bits = bits * 10 + (unsigned)(*text - '0');
        }
        if (bits > most)
                return -EINVAL;
        *ret_bits = bits;
        return 0;
}

static int parse_address(
        const char *text, unsigned char ret_address[16], unsigned *ret_offset)
{
        *ret_offset = 0;
        if (inet_pton(AF_INET6, text, ret_address) == 1)
                return 0;
        memcpy(ret_address, v4_prefix, sizeof(v4_prefix));
        *ret_offset = 96;
        return inet_pton(AF_INET, text, ret_address + 12) == 1 ? 0 : -EINVAL;
}

/* Says whether the first bits of both are the same. */
static bool has_prefix(const unsigned char address[16],
        const unsigned char prefix[16], unsigned bits)
{
        unsigned whole = bits / 8, rest = bits % 8;
        unsigned mask = 0xff00u >> rest & 0xff;

        if (memcmp(address, prefix, whole) != 0)
                return false;
        return rest == 0 || ((address[whole] ^ prefix[whole]) & mask) == 0;
}

/* An IPv4 address is in no network of IPv6, "::/0" neither. */
static bool is_inside(
        const unsigned char address[16], const struct network *network)
{
        if (network->bits < 96 && is_v4(address))
                return false;
        return has_prefix(address, network->address, network->bits);
}

/* Says whether nothing but zeros comes after the first bits. */
static bool ends_after(const unsigned char address[16], unsigned bits)
{
        unsigned char cut[16] = {0};
        unsigned whole = bits / 8, rest = bits % 8;

        memcpy(cut, address, whole);
        if (rest != 0)
                cut[whole] = (unsigned char)(address[whole] & 0xff00u >> rest);
        return memcmp(cut, address, sizeof(cut)) == 0;
}

int network_parse(const char *text, struct network *ret_network)
{
        const char *slash = strchr(text, '/');
        size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
        char address[INET6_ADDRSTRLEN];
        struct network network;
        unsigned offset, bits;

        if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
                text++;
                size -= 2;
        }
        if (size >= sizeof(address))
                return -EINVAL;
        memcpy(address, text, size);
        address[size] = '\0';
        if (parse_address(address, network.address, &offset) < 0)
                return -EINVAL;
        bits = 128 - offset;
        if (slash != NULL && parse_bits(slash + 1, bits, &bits) < 0)
                return -EINVAL;
        network.bits = offset + bits;
        if (!ends_after(network.address, network.bits))
                return -EINVAL;
        *ret_network = network;
        return 0;
}

/* Memory for one more than none, so that an empty list needs no exception. */
static void *allocate(size_t count, size_t size)
{
        return calloc(count + 1, size);
}

int access_init(struct access *access, const struct config_listener *options)
{
        const struct config_users *users = &options->allow_users;
        const struct config_groups *groups = &options->allow_groups;
        const struct config_list *networks = &options->allow_networks;
        int r = 0;

        *access = (struct access){
                .users = allocate(users->count, sizeof(*access->users)),
                .user_count = users->count,
                .groups = allocate(groups->count, sizeof(*access->groups)),
                .group_count = groups->count,
                .networks =
                        allocate(networks->count, sizeof(*access->networks)),
                .network_count = networks->count,
        };
        if (access->users == NULL || access->groups == NULL ||
                access->networks == NULL) {
                access_fini(access);
                return -ENOMEM;
        }
        for (size_t i = 0; i < users->count; i++)
                access->users[i] = users->items[i].uid;
        for (size_t i = 0; i < groups->count; i++)
                access->groups[i] = groups->items[i].gid;
        for (size_t i = 0; i < networks->count && r == 0; i++)
                r = network_parse(networks->items[i], &access->networks[i]);
        if (r < 0)
                access_fini(access);
        return r;
}

void access_fini(struct access *access)
{
        free(access->users);
        free(access->groups);
        free(access->networks);
        *access = (struct access){0};
}

static bool has_user(const struct access *access, uid_t uid)
{
        for (size_t i = 0; i < access->user_count; i++)
                if (access->users[i] == uid)
                        return true;
        return false;
}

static bool has_group(const struct access *access, gid_t gid)
{
        for (size_t i = 0; i < access->group_count; i++)
                if (access->groups[i] == gid)
                        return true;
        return false;
}

/* Looks through the other groups of the process that has connected. */
static bool has_any_group(const struct access *access, int fd)
{
        gid_t few[64], *groups = few;
        socklen_t size = sizeof(few);
        bool found = false;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
                if (errno != ERANGE) /* then size is the one needed */
                        return false;
                groups = malloc(size);
                if (groups == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS,
                                              groups, &size) < 0)
                        size = 0;
        }
        for (size_t i = 0; i < size / sizeof(gid_t) && !found; i++)
                found = has_group(access, groups[i]);
        if (groups != few)
                free(groups);
        return found;
}

static bool allows_process(
        const struct access *access, int fd, struct access_peer *ret_peer)
{
        struct ucred peer = {0};
        socklen_t size = sizeof(peer);

        if (access->user_count == 0 && access->group_count == 0)
                return true;
        snprintf(ret_peer->text, sizeof(ret_peer->text), "unknown process");
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return false;
        snprintf(ret_peer->text, sizeof(ret_peer->text), "uid %lu",
                (unsigned long)peer.uid);
        if (has_user(access, peer.uid) || has_group(access, peer.gid))
                return true;
        return access->group_count > 0 && has_any_group(access, fd);
}

/* Brings both families into one form. */
static void get_address(const struct sockaddr_storage *from,
        unsigned char ret_address[16], char *text, size_t size)
{
        if (from->ss_family == AF_INET) {
                const struct sockaddr_in *in = (const void *)from;

                memcpy(ret_address, v4_prefix, sizeof(v4_prefix));
                memcpy(ret_address + 12, &in->sin_addr, 4);
        } else {
                const struct sockaddr_in6 *in6 = (const void *)from;

                memcpy(ret_address, &in6->sin6_addr, 16);
        }
        if (is_v4(ret_address))
                inet_ntop(AF_INET, ret_address + 12, text, (socklen_t)size);
        else
                inet_ntop(AF_INET6, ret_address, text, (socklen_t)size);
}

static bool allows_address(const struct access *access,
        const struct sockaddr_storage *from, struct access_peer *ret_peer)
{
        unsigned char address[16];

        get_address(from, address, ret_peer->text, sizeof(ret_peer->text));
        if (access->network_count == 0)
                return access->user_count == 0 && access->group_count == 0;
        for (size_t i = 0; i < access->network_count; i++)
                if (is_inside(address, &access->networks[i]))
                        return true;
        return false;
}

static bool has_rules(const struct access *access)
{
        return access->user_count > 0 || access->group_count > 0 ||
               access->network_count > 0;
}

bool access_allows(
        const struct access *access, int fd, struct access_peer *ret_peer)
{
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof(from);

        if (!has_rules(access))
                return true;
        snprintf(ret_peer->text, sizeof(ret_peer->text), "unknown address");
        if (getpeername(fd, (struct sockaddr *)&from, &size) < 0)
                return false;
        if (from.ss_family == AF_UNIX)
                return allows_process(access, fd, ret_peer);
        if (from.ss_family != AF_INET && from.ss_family != AF_INET6)
                return false;
        return allows_address(access, &from, ret_peer);
}
