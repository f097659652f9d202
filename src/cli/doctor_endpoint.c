/* SPDX-License-Identifier: MIT */
#include "cli/doctor_endpoint.h"

#include "cli/text.h"

#include "config/config.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Bits of a mode as for "others". */
enum { MAY_SEARCH = 01, MAY_WRITE = 02 };

const char *endpoint_path(const char *endpoint)
{
        const char *path = text_after(endpoint, "unix:");

        return path != NULL ? path : text_after(endpoint, "local:");
}

const char *endpoint_real_path(
        const struct looker *looker, const char *path, struct arena *arena)
{
        if (*path == '/' && !looker->chrooted)
                return path;
        return text_format(arena, "%s%s%s", looker->directory,
                *path == '/' ? "" : "/", path);
}

static bool may(
        const struct looker *looker, const struct stat *status, unsigned wanted)
{
        if (looker->uid == 0)
                return true;
        if (looker->uid == status->st_uid)
                return (status->st_mode >> 6 & wanted) != 0;
        if (looker->gid == status->st_gid)
                return (status->st_mode >> 3 & wanted) != 0;
        return (status->st_mode & wanted) != 0;
}

bool endpoint_lets_in(const struct looker *looker, const struct stat *status)
{
        return may(looker, status, MAY_WRITE);
}

/* Looks at one step of the way; fills the sight when it is in the way. */
static bool is_passable(
        const struct looker *looker, const char *at, struct path_sight *sight)
{
        sight->at = at;
        if (stat(at, &sight->status) < 0)
                sight->sight = errno == EACCES ? SIGHT_HIDDEN : SIGHT_MISSING;
        else if (S_ISDIR(sight->status.st_mode) &&
                 !may(looker, &sight->status, MAY_SEARCH))
                sight->sight = SIGHT_DIRECTORY;
        return sight->sight == SIGHT_FINE;
}

void endpoint_look(const struct looker *looker, const char *path,
        struct arena *arena, struct path_sight *ret_sight)
{
        struct path_sight sight = {
                .path = endpoint_real_path(looker, path, arena)};
        /* A process in a directory needs none of those above it. */
        size_t at = sight.path == path ? 0 : strlen(looker->directory);
        const char *slash;
        char *step;

        while ((slash = strchr(sight.path + at, '/')) != NULL) {
                at = (size_t)(slash - sight.path) + 1;
                step = text_copy(
                        arena, (struct span){sight.path, at == 1 ? 1 : at - 1});
                if (!is_passable(looker, step, &sight))
                        goto end;
        }
        if (!is_passable(looker, sight.path, &sight))
                goto end;
        if (!S_ISSOCK(sight.status.st_mode))
                sight.sight = SIGHT_NO_SOCKET;
        else if (!endpoint_lets_in(looker, &sight.status))
                sight.sight = SIGHT_SOCKET;
end:
        *ret_sight = sight;
}

static bool same_file(const char *a, const char *b)
{
        struct stat status, other;

        return stat(a, &status) == 0 && stat(b, &other) == 0 &&
               status.st_dev == other.st_dev && status.st_ino == other.st_ino;
}

/* The sockets need not be there, if their directories are. */
static bool same_path(const char *a, const char *b)
{
        const char *name = strrchr(a, '/'), *other = strrchr(b, '/');
        char directory[2][PATH_MAX];

        if (strcmp(a, b) == 0 || same_file(a, b))
                return true;
        if (name == NULL || other == NULL || strcmp(name, other) != 0)
                return false;
        if (name - a >= PATH_MAX - 1 || other - b >= PATH_MAX - 1)
                return false;
        snprintf(directory[0], PATH_MAX, "%.*s/", (int)(name - a), a);
        snprintf(directory[1], PATH_MAX, "%.*s/", (int)(other - b), b);
        return same_file(directory[0], directory[1]);
}

static const char *unix_for_postfix(
        const char *queue_directory, const char *path, struct arena *arena)
{
        const char *inside = text_after(path, queue_directory);

        if (*queue_directory == '\0' || inside == NULL || *inside != '/')
                return text_format(arena, "unix:%s", path);
        return text_format(arena, "unix:%s", inside + strspn(inside, "/"));
}

static const char *inet_for_postfix(const char *rest, struct arena *arena)
{
        const char *port = text_after(rest, "0.0.0.0:");

        if (port != NULL)
                return text_format(arena, "inet:127.0.0.1:%s", port);
        port = text_after(rest, "[::]:");
        if (port != NULL)
                return text_format(arena, "inet:[::1]:%s", port);
        return text_format(arena, "inet:%s", rest);
}

const char *endpoint_for_postfix(const char *queue_directory,
        const struct config_listener *listener, struct arena *arena)
{
        switch (listener->endpoint.kind) {
        case CONFIG_ENDPOINT_UNIX:
                return unix_for_postfix(
                        queue_directory, listener->endpoint.rest, arena);
        case CONFIG_ENDPOINT_INET:
                return inet_for_postfix(listener->endpoint.rest, arena);
        default:
                return NULL;
        }
}

static bool is_wildcard(const struct sockaddr *address)
{
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

        return address->sa_family == AF_INET
                       ? v4->sin_addr.s_addr == INADDR_ANY
                       : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static in_port_t port_of(const struct sockaddr *address)
{
        return address->sa_family == AF_INET
                       ? ((const struct sockaddr_in *)address)->sin_port
                       : ((const struct sockaddr_in6 *)address)->sin6_port;
}

static bool same_address(
        const struct addrinfo *asked, const struct addrinfo *listening)
{
        if (port_of(asked->ai_addr) != port_of(listening->ai_addr))
                return false;
        return is_wildcard(listening->ai_addr) ||
               (asked->ai_addrlen == listening->ai_addrlen &&
                       memcmp(asked->ai_addr, listening->ai_addr,
                               asked->ai_addrlen) == 0);
}

/* HOST:PORT, [ADDRESS]:PORT, PORT; NULL when it has no address. */
static struct addrinfo *resolve(const char *text)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
        const char *colon = strrchr(text, ':');
        const char *port = colon != NULL ? colon + 1 : text;
        char host[NI_MAXHOST] = "localhost";
        size_t size;

        if (colon != NULL) {
                bool bracket = *text == '[' && colon[-1] == ']';

                size = (size_t)(colon - text) - (bracket ? 2 : 0);
                if (size >= sizeof(host))
                        return NULL;
                memcpy(host, text + (bracket ? 1 : 0), size);
                host[size] = '\0';
        }
        return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}

static bool same_inet(const char *a, const char *b)
{
        struct addrinfo *asked = resolve(a), *listening = resolve(b);
        bool same = false;

        for (struct addrinfo *i = asked; i != NULL; i = i->ai_next)
                for (struct addrinfo *j = listening; j != NULL; j = j->ai_next)
                        same = same || same_address(i, j);
        if (asked != NULL)
                freeaddrinfo(asked);
        if (listening != NULL)
                freeaddrinfo(listening);
        return same;
}

const struct config_listener *endpoint_find_listener(
        const struct config *config, const char *path, const char *endpoint)
{
        const char *inet = text_after(endpoint, "inet:");
        const struct config_listener *listener;

        for (listener = config->listeners; listener != NULL;
                listener = listener->next) {
                const struct config_endpoint *ours = &listener->endpoint;

                if (path != NULL && ours->kind == CONFIG_ENDPOINT_UNIX &&
                        same_path(ours->rest, path))
                        return listener;
                if (path == NULL && inet != NULL &&
                        ours->kind == CONFIG_ENDPOINT_INET &&
                        same_inet(inet, ours->rest))
                        return listener;
        }
        return NULL;
}
