/* SPDX-License-Identifier: MIT */
#include "cli/dial.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int resolve_unix(const char *path, struct dial_target *ret_target)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        if (*path == '\0' || strlen(path) >= sizeof(address.sun_path)) {
                complain("unix:%s: path is empty or too long", path);
                return -EINVAL;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        memcpy(&ret_target->address, &address, sizeof(address));
        ret_target->length = sizeof(address);
        return 0;
}

/* Splits "HOST:PORT", "[ADDRESS]:PORT" or "PORT". Returns 0 or -EINVAL. */
static int split_inet(
        const char *text, char *host, size_t size, const char **ret_port)
{
        const char *colon = strrchr(text, ':');
        const char *end = colon;

        snprintf(host, size, "localhost");
        *ret_port = text;
        if (colon == NULL)
                return 0;
        *ret_port = colon + 1;
        if (*text == '[') {
                text++;
                end--;
                if (end < text || *end != ']')
                        return -EINVAL;
        }
        if (end == text || (size_t)(end - text) >= size)
                return -EINVAL;
        snprintf(host, size, "%.*s", (int)(end - text), text);
        return 0;
}

static int resolve_inet(const char *text, struct dial_target *ret_target)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
        const char *port;
        char host[256];
        int r;

        if (split_inet(text, host, sizeof(host), &port) < 0 || *port == '\0') {
                complain("inet:%s: expected inet:HOST:PORT", text);
                return -EINVAL;
        }
        r = getaddrinfo(host, port, &hints, &found);
        if (r != 0) {
                complain("inet:%s: %s", text, gai_strerror(r));
                return -EHOSTUNREACH;
        }
        memcpy(&ret_target->address, found->ai_addr, found->ai_addrlen);
        ret_target->length = found->ai_addrlen;
        freeaddrinfo(found);
        return 0;
}

int dial_resolve(const char *endpoint, struct dial_target *ret_target)
{
        if (strncmp(endpoint, "unix:", 5) == 0)
                return resolve_unix(endpoint + 5, ret_target);
        if (strncmp(endpoint, "inet:", 5) == 0)
                return resolve_inet(endpoint + 5, ret_target);
        complain("%s: expected unix:PATH or inet:HOST:PORT", endpoint);
        return -EINVAL;
}

int dial(const struct dial_target *target, unsigned timeout, int *ret_fd)
{
        struct timeval limit = {
                .tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
        int family = target->address.ss_family, on = 1, r;
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        /* The limit of sending is also that of connecting. */
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (family != AF_UNIX)
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (connect(fd, (const struct sockaddr *)&target->address,
                    target->length) < 0 ||
                fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
                r = errno == EINPROGRESS || errno == EAGAIN ? -ETIMEDOUT
                                                            : -errno;
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

pid_t dial_peer(int fd)
{
        struct ucred peer = {0};
        socklen_t size = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return 0;
        return peer.pid;
}
