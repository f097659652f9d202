/* SPDX-License-Identifier: MIT */
/* The listeners of a server. */
#include "lib/error.h"
#include "lib/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct socketmap_listen_options {
        struct bind_options bind;
        struct socketmap_maps *maps;
        char *name;
        char *path;
        struct filter filter;
};

struct socketmap_listen_options *socketmap_listen_options_new(void)
{
        struct socketmap_listen_options *options = calloc(1, sizeof(*options));

        if (options != NULL) {
                options->bind.uid = (uid_t)-1;
                options->bind.gid = (gid_t)-1;
        }
        return options;
}

void socketmap_listen_options_free(struct socketmap_listen_options *options)
{
        if (options == NULL)
                return;
        socketmap_maps_free(options->maps);
        free(options->name);
        free(options->path);
        free(options);
}

void socketmap_listen_options_set_mode(
        struct socketmap_listen_options *options, mode_t mode)
{
        if (options == NULL)
                return;
        options->bind.has_mode = true;
        options->bind.mode = mode;
}

void socketmap_listen_options_set_owner(
        struct socketmap_listen_options *options, uid_t uid, gid_t gid)
{
        if (options == NULL)
                return;
        options->bind.uid = uid;
        options->bind.gid = gid;
}

void socketmap_listen_options_set_maps(
        struct socketmap_listen_options *options, struct socketmap_maps *maps)
{
        if (options == NULL)
                return;
        socketmap_maps_free(options->maps);
        options->maps = maps != NULL ? maps_freeze(maps) : NULL;
}

/* Replaces a text by a copy of another one, or NULL. */
static int set_text(char **text, const char *value)
{
        char *copy = value != NULL ? strdup(value) : NULL;

        if (value != NULL && copy == NULL)
                return -ENOMEM;
        free(*text);
        *text = copy;
        return 0;
}

int socketmap_listen_options_set_name(
        struct socketmap_listen_options *options, const char *name)
{
        return options != NULL ? set_text(&options->name, name) : -ENOMEM;
}

int socketmap_listen_options_set_path(
        struct socketmap_listen_options *options, const char *path)
{
        return options != NULL ? set_text(&options->path, path) : -ENOMEM;
}

void socketmap_listen_options_set_filter(
        struct socketmap_listen_options *options,
        int (*filter)(void *ctx, int fd), void *ctx)
{
        if (options != NULL)
                options->filter = (struct filter){filter, ctx};
}

/* The place behind the last listener. */
static struct listener **find_end(struct socketmap_server *server)
{
        struct listener **place = &server->listeners;

        while (*place != NULL)
                place = &(*place)->next;
        return place;
}

/* Puts a listener behind the others. */
static void append(struct socketmap_server *server, struct listener *listener)
{
        *find_end(server) = listener;
        server_wake(server);
}

/* What a listener is made with. */
struct setup {
        struct scope *scope;
        struct bind_options bind;
        struct filter filter;
};

static int add(struct socketmap_server *server, const struct setup *setup,
        int fd, const struct bound_file *file,
        struct socketmap_error *ret_error)
{
        struct listener *listener;
        int r = 0;

        listener = listener_open(&server->core, setup->scope, fd, file, &r);
        if (listener == NULL)
                return error_set(
                        ret_error, r, "cannot listen: %s", strerror(-r));
        listener->filter = setup->filter;
        append(server, listener);
        return 0;
}

static int listen_unix(struct socketmap_server *server,
        const struct setup *setup, const struct endpoint *endpoint,
        struct socketmap_error *ret_error)
{
        struct bound_file file;
        int fd = bind_unix(endpoint, &setup->bind, &file, ret_error), r;

        if (fd < 0)
                return fd;
        r = add(server, setup, fd, &file, ret_error);
        if (r < 0)
                bind_unlink(&file);
        return r;
}

static int listen_address(struct socketmap_server *server,
        const struct setup *setup, const struct addrinfo *address,
        struct socketmap_error *ret_error)
{
        int fd = bind_tcp(address->ai_addr, address->ai_addrlen,
                setup->bind.backlog, ret_error);

        if (fd < 0)
                return fd;
        return add(server, setup, fd, NULL, ret_error);
}

/* A host may have addresses of a family that this machine doesn't. */
static bool is_absent_family(int error)
{
        return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static int listen_all(struct socketmap_server *server,
        const struct setup *setup, const struct addrinfo *addresses,
        struct socketmap_error *ret_error)
{
        int good = 0, r = 0, last = 0;

        for (; addresses != NULL; addresses = addresses->ai_next) {
                r = listen_address(server, setup, addresses, ret_error);
                if (r == 0)
                        good++;
                else if (is_absent_family(r))
                        last = r;
                else
                        return r;
        }
        return good > 0 ? 0 : last;
}

static int listen_inet(struct socketmap_server *server,
        const struct setup *setup, const struct endpoint *endpoint,
        struct socketmap_error *ret_error)
{
        struct addrinfo hints = {.ai_family = AF_UNSPEC,
                .ai_socktype = SOCK_STREAM,
                .ai_flags = AI_PASSIVE};
        struct addrinfo *addresses;
        int r;

        r = getaddrinfo(endpoint->host, endpoint->port, &hints, &addresses);
        if (r != 0)
                return error_set(ret_error, -EADDRNOTAVAIL, "inet:%s:%s: %s",
                        endpoint->host, endpoint->port, gai_strerror(r));
        r = listen_all(server, setup, addresses, ret_error);
        freeaddrinfo(addresses);
        return r;
}

static int listen_endpoint(struct socketmap_server *server,
        const struct setup *setup, const char *text,
        struct socketmap_error *ret_error)
{
        struct endpoint endpoint;
        int r = endpoint_parse(text, &endpoint, ret_error);

        if (r < 0)
                return r;
        if (endpoint.family == AF_UNIX)
                return listen_unix(server, setup, &endpoint, ret_error);
        return listen_inet(server, setup, &endpoint, ret_error);
}

/* Prepares what the new listener will have, but for its maps. */
static int set_up(struct socketmap_server *server,
        const struct socketmap_listen_options *options, struct setup *ret_setup,
        struct socketmap_error *ret_error)
{
        *ret_setup = (struct setup){.scope = &server->scope,
                .bind = {.uid = (uid_t)-1, .gid = (gid_t)-1}};
        if (server->draining)
                return error_set(ret_error, -ECANCELED,
                        "cannot listen: the server is ending");
        if (options != NULL) {
                ret_setup->bind = options->bind;
                ret_setup->filter = options->filter;
                ret_setup->scope = server_get_scope(
                        server, options->name, options->maps != NULL);
        }
        ret_setup->bind.backlog =
                (int)limits_get(&server->core.limits, SOCKETMAP_LIMIT_BACKLOG);
        if (ret_setup->scope == NULL)
                return error_set(ret_error, -ENOMEM, "out of memory");
        return 0;
}

/*
 * Ends a call that has returned r so far: the listeners from `first` on have
 * their maps, or there are none of them, and nothing has changed.
 */
static int finish(struct socketmap_server *server, struct listener **first,
        const struct setup *setup,
        const struct socketmap_listen_options *options, int r,
        struct socketmap_error *error)
{
        if (r == 0 && setup->scope != &server->scope)
                r = server_set_scope_maps(server, setup->scope, options->maps);
        if (r == 0)
                return 0;
        while (*first != NULL) {
                struct listener *listener = *first;

                *first = listener->next;
                listener_close(listener);
        }
        server_free_idle_scopes(server);
        if (error->code == 0)
                error_set(error, r, "cannot listen: %s", strerror(-r));
        return server_fail(server, error);
}

int socketmap_server_listen(struct socketmap_server *server,
        const char *endpoint, const struct socketmap_listen_options *options)
{
        struct socketmap_error error = {0};
        struct listener **end;
        struct setup setup;
        int r;

        if (server == NULL)
                return -ENOMEM;
        end = find_end(server);
        r = set_up(server, options, &setup, &error);
        if (r == 0)
                r = listen_endpoint(server, &setup, endpoint, &error);
        return finish(server, end, &setup, options, r, &error);
}

/* Tells why a descriptor is not a listening stream socket, or 0. */
static int check_listening(int fd)
{
        int type = 0, listening = 0;
        socklen_t size = sizeof(type);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
                return -errno;
        size = sizeof(listening);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0)
                return -errno;
        return type == SOCK_STREAM && listening != 0 ? 0 : -EINVAL;
}

/* Looks at the file that the options name for a descriptor, if any. */
static int set_up_file(int fd, const char *path, struct bound_file *ret_file,
        struct socketmap_error *ret_error)
{
        struct sockaddr address = {0};
        socklen_t size = sizeof(address);
        int r;

        *ret_file = (struct bound_file){0};
        if (path == NULL)
                return 0;
        if (getsockname(fd, &address, &size) < 0)
                r = -errno;
        else if (address.sa_family != AF_UNIX)
                r = -EINVAL;
        else
                r = bound_file_adopt(ret_file, path);
        if (r < 0)
                return error_set(
                        ret_error, r, "unix:%s: %s", path, strerror(-r));
        return 0;
}

static int listen_fd(struct socketmap_server *server, const struct setup *setup,
        int fd, const char *path, struct bound_file *ret_file,
        struct socketmap_error *ret_error)
{
        int r = check_listening(fd);

        if (r < 0)
                error_set(ret_error, r,
                        "descriptor %d is no listening stream socket", fd);
        else
                r = set_up_file(fd, path, ret_file, ret_error);
        if (r < 0) {
                close(fd);
                return r;
        }
        return add(server, setup, fd, NULL, ret_error);
}

int socketmap_server_listen_fd(struct socketmap_server *server, int fd,
        const struct socketmap_listen_options *options)
{
        const char *path = options != NULL ? options->path : NULL;
        struct socketmap_error error = {0};
        struct bound_file file;
        struct listener **end;
        struct setup setup;
        int r;

        if (server == NULL) {
                close(fd);
                return -ENOMEM;
        }
        end = find_end(server);
        r = set_up(server, options, &setup, &error);
        if (r == 0)
                r = listen_fd(server, &setup, fd, path, &file, &error);
        else
                close(fd);
        r = finish(server, end, &setup, options, r, &error);
        if (r == 0 && *end != NULL)
                (*end)->file = file; /* ours only now: else it stays */
        return r;
}

/* The n-th listener, or NULL. */
static const struct listener *find(
        const struct socketmap_server *server, size_t n)
{
        const struct listener *listener = server->listeners;

        while (listener != NULL && n-- > 0)
                listener = listener->next;
        return listener;
}

int socketmap_server_get_listener(const struct socketmap_server *server,
        size_t n, int *ret_fd, const char **ret_name)
{
        const struct listener *listener =
                server != NULL ? find(server, n) : NULL;

        if (listener == NULL)
                return -ENOENT;
        *ret_fd = listener->fd;
        *ret_name = scope_name(listener->scope);
        return 0;
}

int socketmap_server_close_listener(
        struct socketmap_server *server, const char *name)
{
        struct listener **place, *listener;
        int closed = 0;

        if (server == NULL)
                return 0;
        for (place = &server->listeners; *place != NULL;) {
                listener = *place;
                if (strcmp(scope_name(listener->scope), name) != 0) {
                        place = &listener->next;
                        continue;
                }
                *place = listener->next;
                listener_close(listener);
                closed++;
        }
        server_wake(server);
        return closed;
}

static int format_listener(
        const struct listener *listener, char *buffer, size_t size)
{
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof(address);

        if (getsockname(listener->fd, (struct sockaddr *)&address, &length) < 0)
                return -errno;
        if (listener->file.path[0] != '\0') { /* it was renamed since */
                struct sockaddr_un *file = (struct sockaddr_un *)&address;

                memcpy(file->sun_path, listener->file.path,
                        sizeof(file->sun_path));
                length = sizeof(*file);
        }
        return endpoint_format(
                (struct sockaddr *)&address, length, buffer, size);
}

int socketmap_server_get_endpoint(const struct socketmap_server *server,
        size_t n, char *buffer, size_t size)
{
        const struct listener *listener;

        if (server == NULL)
                return -ENOMEM;
        listener = find(server, n);
        if (listener == NULL)
                return -ENOENT;
        return format_listener(listener, buffer, size);
}
