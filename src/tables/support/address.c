/* SPDX-License-Identifier: MIT */
#include "tables/support/address.h"
#include "base/secret.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#define EXPECTED \
        "expected unix:/PATH, inet:HOST:PORT, inet:PORT or inet:[ADDRESS]:PORT"

static int refuse(struct span text, const char *why, struct reason *ret_reason)
{
        text = secret_without_login(text);
        reason_set(
                ret_reason, "%s, not \"%.*s\"", why, (int)text.size, text.data);
        return -EINVAL;
}

/* Takes a prefix off. */
static bool take(struct span *text, const char *prefix)
{
        size_t size = strlen(prefix);

        if (text->size < size || memcmp(text->data, prefix, size) != 0)
                return false;
        text->data += size;
        text->size -= size;
        return true;
}

/* Copies a piece that is neither empty nor too long, and is a C string. */
static bool copy(struct span piece, char *buffer, size_t size)
{
        if (piece.size == 0 || piece.size >= size ||
                memchr(piece.data, '\0', piece.size) != NULL)
                return false;
        memcpy(buffer, piece.data, piece.size);
        buffer[piece.size] = '\0';
        return true;
}

static bool parse_path(struct span path, struct address *ret_address)
{
        ret_address->is_unix = true;
        return path.size > 0 && path.data[0] == '/' &&
               copy(path, ret_address->path, sizeof(ret_address->path));
}

/* Splits "[ADDRESS]:PORT", "HOST:PORT" or "PORT" at the last colon. */
static bool split(
        struct span text, struct span *ret_host, struct span *ret_port)
{
        const char *colon = memrchr(text.data, ':', text.size);
        size_t size;

        if (colon == NULL) {
                *ret_host = SPAN_LITERAL("localhost");
                *ret_port = text;
                return true;
        }
        size = (size_t)(colon - text.data);
        *ret_host = (struct span){text.data, size};
        *ret_port = (struct span){colon + 1, text.size - size - 1};
        if (size < 2 || text.data[0] != '[')
                return memchr(text.data, ':', size) == NULL;
        *ret_host = (struct span){text.data + 1, size - 2};
        return text.data[size - 1] == ']';
}

static bool is_number(const char *port)
{
        return port[strspn(port, "0123456789")] == '\0';
}

bool address_port_is_good(const char *port)
{
        if (is_number(port))
                return strlen(port) <= 5 && strtoul(port, NULL, 10) <= 65535;
        return strspn(port, "0123456789") == 0 &&
               port[strcspn(port, " \t\r\n")] == '\0';
}

static bool parse_inet(struct span text, struct address *ret_address)
{
        struct span host, port;

        /* Names of services have no '@', and passwords are of no use. */
        return memchr(text.data, '@', text.size) == NULL &&
               split(text, &host, &port) &&
               copy(host, ret_address->host, sizeof(ret_address->host)) &&
               copy(port, ret_address->port, sizeof(ret_address->port)) &&
               address_port_is_good(ret_address->port);
}

int address_parse(struct span text, struct address *ret_address,
        struct reason *ret_reason)
{
        struct address address = {.is_unix = false};
        struct span rest = text;

        if (take(&rest, "unix:") || take(&rest, "local:")) {
                if (rest.size >= sizeof(address.path))
                        return refuse(text,
                                "a unix socket's path may have 107 bytes",
                                ret_reason);
                if (!parse_path(rest, &address))
                        return refuse(text,
                                "expected unix: with the absolute "
                                "path of a socket",
                                ret_reason);
        } else if (!take(&rest, "inet:") || !parse_inet(rest, &address)) {
                return refuse(text, EXPECTED, ret_reason);
        }
        *ret_address = address;
        return 0;
}

static bool is_localhost(const struct address *address)
{
        return strcmp(address->host, "localhost") == 0;
}

bool address_is_known(const struct address *address)
{
        char bytes[sizeof(struct in6_addr)];

        if (address->is_unix)
                return true;
        return is_number(address->port) &&
               (is_localhost(address) ||
                       inet_pton(AF_INET, address->host, bytes) == 1 ||
                       inet_pton(AF_INET6, address->host, bytes) == 1);
}

static void add_target(
        struct targets *targets, const void *address, socklen_t size)
{
        struct target *target = &targets->list[targets->count];

        if (targets->count == sizeof(targets->list) / sizeof(*target) ||
                size > sizeof(target->address))
                return;
        memcpy(&target->address, address, size);
        target->size = size;
        targets->count++;
}

/* Without a host the resolver gives the loopback addresses, and asks nobody. */
static int resolve_inet(const struct address *address,
        struct targets *ret_targets, struct reason *ret_reason)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
        const char *host = is_localhost(address) ? NULL : address->host;
        int error;

        if (address_is_known(address))
                hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        error = getaddrinfo(host, address->port, &hints, &list);
        if (error != 0) {
                int code = error == EAI_SYSTEM && errno != 0 ? -errno
                                                             : -EHOSTUNREACH;

                reason_set(ret_reason, "inet:%s:%s: %s", address->host,
                        address->port, gai_strerror(error));
                ret_reason->code = code;
                return code;
        }
        for (struct addrinfo *at = list; at != NULL; at = at->ai_next)
                add_target(ret_targets, at->ai_addr, at->ai_addrlen);
        freeaddrinfo(list);
        return 0;
}

int address_resolve(const struct address *address, struct targets *ret_targets,
        struct reason *ret_reason)
{
        struct sockaddr_un path = {.sun_family = AF_UNIX};

        *ret_targets = (struct targets){.count = 0};
        if (!address->is_unix)
                return resolve_inet(address, ret_targets, ret_reason);
        memcpy(path.sun_path, address->path, sizeof(path.sun_path));
        add_target(ret_targets, &path, sizeof(path));
        return 0;
}
