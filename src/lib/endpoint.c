/* SPDX-License-Identifier: MIT */
#include "lib/endpoint.h"

#include "lib/error.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)
#define PORT_MAX 65535

/* A piece of the endpoint's text. */
struct piece {
        const char *text;
        size_t size;
};

static int parse_unix(const char *text, const char *path,
        struct endpoint *ret_endpoint, struct socketmap_error *ret_error)
{
        size_t size = strlen(path);

        if (size == 0)
                return error_set(ret_error, -EINVAL,
                        "%s: the path of the socket is missing", text);
        if (size > PATH_SIZE_MAX)
                return error_set(ret_error, -ENAMETOOLONG,
                        "the path of a unix socket may have %zu bytes, this "
                        "one has %zu: %s",
                        PATH_SIZE_MAX, size, text);

        ret_endpoint->family = AF_UNIX;
        ret_endpoint->unix_address.sun_family = AF_UNIX;
        memcpy(ret_endpoint->unix_address.sun_path, path, size + 1);
        return 0;
}

/* Digits only: "+25" and " 25" would be numbers to getaddrinfo. */
static bool is_port_number(const char *port)
{
        unsigned long number = 0;

        for (; isdigit((unsigned char)*port); port++) {
                number = number * 10 + (unsigned long)(*port - '0');
                if (number > PORT_MAX)
                        return false;
        }
        return *port == '\0';
}

static bool is_service_name(const char *port)
{
        bool has_letter = false;

        for (; *port != '\0'; port++) {
                if (!isgraph((unsigned char)*port))
                        return false;
                has_letter = has_letter || isalpha((unsigned char)*port);
        }
        return has_letter;
}

static int parse_port(const char *text, const char *port,
        struct endpoint *ret_endpoint, struct socketmap_error *ret_error)
{
        size_t size = strlen(port);

        if (size == 0)
                return error_set(
                        ret_error, -EINVAL, "%s: the port is missing", text);
        if (size >= sizeof(ret_endpoint->port) ||
                (!is_port_number(port) && !is_service_name(port)))
                return error_set(ret_error, -EINVAL,
                        "%s: the port must be a number from 0 to %d or the "
                        "name of a service",
                        text, PORT_MAX);

        memcpy(ret_endpoint->port, port, size + 1);
        return 0;
}

static int parse_host(const char *text, struct piece host,
        struct endpoint *ret_endpoint, struct socketmap_error *ret_error)
{
        if (host.size == 0)
                return error_set(
                        ret_error, -EINVAL, "%s: the host is missing", text);
        if (host.size >= sizeof(ret_endpoint->host))
                return error_set(ret_error, -ENAMETOOLONG,
                        "the name of a host may have %zu bytes, this one has "
                        "%zu: %s",
                        sizeof(ret_endpoint->host) - 1, host.size, text);

        memcpy(ret_endpoint->host, host.text, host.size);
        ret_endpoint->host[host.size] = '\0';
        return 0;
}

/*
 * Splits "[ADDRESS]:PORT", "HOST:PORT" or "PORT". Returns false when the
 * brackets or colons are none of these.
 */
static bool split_host(
        const char *text, struct piece *ret_host, const char **ret_port)
{
        const char *end;

        if (*text == '[') {
                text++;
                end = strchr(text, ']');
                if (end == NULL || end[1] != ':')
                        return false;
                *ret_port = end + 2;
        } else {
                end = strchr(text, ':');
                if (end == NULL) {
                        *ret_host = (struct piece){"localhost", 9};
                        *ret_port = text;
                        return true;
                }
                *ret_port = end + 1;
        }
        *ret_host = (struct piece){text, (size_t)(end - text)};
        return strchr(*ret_port, ':') == NULL;
}

static int parse_inet(const char *text, const char *address,
        struct endpoint *ret_endpoint, struct socketmap_error *ret_error)
{
        struct piece host;
        const char *port;
        int r;

        if (!split_host(address, &host, &port))
                return error_set(ret_error, -EINVAL,
                        "%s: expected inet:HOST:PORT, inet:PORT or "
                        "inet:[ADDRESS]:PORT",
                        text);
        r = parse_host(text, host, ret_endpoint, ret_error);
        if (r < 0)
                return r;
        ret_endpoint->family = AF_UNSPEC;
        return parse_port(text, port, ret_endpoint, ret_error);
}

/* Returns what follows the prefix, or NULL when the text begins otherwise. */
static const char *skip_prefix(const char *text, const char *prefix)
{
        size_t size = strlen(prefix);

        return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint,
        struct socketmap_error *ret_error)
{
        struct endpoint endpoint = {0};
        const char *rest;
        int r;

        if ((rest = skip_prefix(text, "unix:")) != NULL ||
                (rest = skip_prefix(text, "local:")) != NULL)
                r = parse_unix(text, rest, &endpoint, ret_error);
        else if ((rest = skip_prefix(text, "inet:")) != NULL)
                r = parse_inet(text, rest, &endpoint, ret_error);
        else
                r = error_set(ret_error, -EINVAL,
                        "%s: expected unix:PATH, inet:HOST:PORT, inet:PORT or "
                        "inet:[ADDRESS]:PORT",
                        text);
        if (r == 0)
                *ret_endpoint = endpoint;
        return r;
}

/* Returns 0 when snprintf's whole text has found room, or -ENOBUFS. */
static int check_room(int printed, size_t size)
{
        return printed < 0 || (size_t)printed >= size ? -ENOBUFS : 0;
}

/* A socket's path need not end in a NUL; an abstract name is no path. */
static int format_unix(const struct sockaddr_un *address, socklen_t length,
        char *buffer, size_t size)
{
        size_t offset = offsetof(struct sockaddr_un, sun_path);
        size_t room = length > offset ? length - offset : 0;

        return check_room(snprintf(buffer, size, "unix:%.*s",
                                  (int)strnlen(address->sun_path, room),
                                  address->sun_path),
                size);
}

static int format_inet(const struct sockaddr *address, socklen_t length,
        char *buffer, size_t size)
{
        bool is_v6 = address->sa_family == AF_INET6;
        char host[256], port[32];

        if (getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
                return -EAFNOSUPPORT;
        return check_room(
                snprintf(buffer, size, is_v6 ? "inet:[%s]:%s" : "inet:%s:%s",
                        host, port),
                size);
}

int endpoint_format(const struct sockaddr *address, socklen_t length,
        char *buffer, size_t size)
{
        if (address->sa_family == AF_UNIX)
                return format_unix((const struct sockaddr_un *)(void *)address,
                        length, buffer, size);
        return format_inet(address, length, buffer, size);
}
