/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

void die(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        exit(1);
}

void raise_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                die("getrlimit: %s", strerror(errno));
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                die("setrlimit: %s", strerror(errno));
}

static int listen_unix(const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

        if (strlen(path) >= sizeof(address.sun_path))
                die("%s: too long", path);
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (fd < 0 ||
                bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                listen(fd, SOMAXCONN) < 0)
                die("%s: %s", path, strerror(errno));
        printf("listening on unix:%s\n", path);
        return fd;
}

static int listen_inet(const char *port)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                .sin_port = htons((in_port_t)atoi(port)),
                .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
                listen(fd, SOMAXCONN) < 0 ||
                getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                die("port %s: %s", port, strerror(errno));
        printf("listening on inet:127.0.0.1:%d\n", ntohs(address.sin_port));
        return fd;
}

int listen_on(const char *endpoint)
{
        if (strncmp(endpoint, "unix:", 5) == 0)
                return listen_unix(endpoint + 5);
        if (strncmp(endpoint, "inet:", 5) == 0)
                return listen_inet(endpoint + 5);
        die("%s: expected unix:PATH or inet:PORT", endpoint);
}

size_t reply_format(
        const char *status, const char *text, size_t size, char *reply)
{
        size_t status_size = strlen(status), length = status_size + size;
        char digits[24], *first = digits + sizeof(digits);
        char *next = reply;

        do {
                *--first = (char)('0' + length % 10);
                length /= 10;
        } while (length != 0);
        next = mempcpy(next, first, (size_t)(digits + sizeof(digits) - first));
        *next++ = ':';
        next = mempcpy(next, status, status_size);
        next = mempcpy(next, text, size);
        *next++ = ',';
        return (size_t)(next - reply);
}
