/* SPDX-License-Identifier: MIT */
#include "daemon/sockets.h"

#include "config/config.h"
#include "daemon/activation.h"
#include "daemon/fdlist.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <socketmap/server.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(struct reason *ret_reason, int code, const char *endpoint)
{
        reason_set_errno(ret_reason, code, "%s", endpoint);
        return code;
}

/* Gives the reason that the server has. */
static int fail_by_server(const struct sockets *sockets,
        struct reason *ret_reason, int code, const char *endpoint)
{
        struct socketmap_error error;

        if (!socketmap_server_get_error(sockets->server, &error))
                return fail(ret_reason, code, endpoint);
        reason_set(ret_reason, "%s", error.text);
        ret_reason->code = code;
        return code;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
        const struct sockaddr_in *in = (const void *)address;
        const struct sockaddr_in6 *in6 = (const void *)address;

        if (address->ss_family == AF_INET)
                return ntohl(in->sin_addr.s_addr) >> 24 == 127;
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) &&
                       in6->sin6_addr.s6_addr[12] == 127);
}

/* The world may only ask where the configuration says from where. */
static int check_world(const struct config_listener *options, int fd,
        struct reason *ret_reason)
{
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);

        if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                return fail(ret_reason, -errno, options->endpoint.text);
        if ((address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
                options->allow_networks.count > 0 || is_loopback(&address))
                return 0;
        reason_set(ret_reason,
                "%s is open to more than this machine: it needs allow_networks",
                options->endpoint.text);
        return -EINVAL;
}

/* Adds one that listens already. Takes the descriptor, also on failure. */
static int add(struct sockets *sockets, const struct config_listener *options,
        int fd, struct reason *ret_reason)
{
        int r;

        if (sockets->server == NULL)
                sockets->server = socketmap_server_new();
        r = check_world(options, fd, ret_reason);
        if (r < 0) {
                close(fd);
                return r;
        }
        r = socketmap_server_listen_fd(sockets->server, fd, NULL);
        return r < 0 ? fail_by_server(
                               sockets, ret_reason, r, options->endpoint.text)
                     : 0;
}

static void set_access(struct socketmap_listen_options *to,
        const struct config_listener *options)
{
        if (options->endpoint.kind != CONFIG_ENDPOINT_UNIX)
                return;
        socketmap_listen_options_set_mode(to, options->mode);
        socketmap_listen_options_set_owner(
                to, options->owner.uid, options->group.gid);
}

static int listen_own(struct sockets *sockets,
        const struct config_listener *options, uint64_t backlog,
        struct reason *ret_reason)
{
        struct socketmap_listen_options *to;
        const char *endpoint = options->endpoint.text;
        int r;

        sockets->server = socketmap_server_new();
        to = socketmap_listen_options_new();
        if (sockets->server == NULL || to == NULL) {
                socketmap_listen_options_free(to);
                return fail(ret_reason, -ENOMEM, endpoint);
        }
        set_access(to, options);
        socketmap_server_set_limit(sockets->server, SOCKETMAP_LIMIT_BACKLOG,
                options->backlog > 0 ? options->backlog : backlog);
        r = socketmap_server_listen(sockets->server, endpoint, to);
        socketmap_listen_options_free(to);
        return r < 0 ? fail_by_server(sockets, ret_reason, r, endpoint) : 0;
}

/* Takes all sockets of that name from the service manager. */
static int take_activated(struct sockets *sockets,
        const struct config_listener *options, struct reason *ret_reason)
{
        const char *name = options->endpoint.rest;
        size_t n = 0;
        int fd, r = 0;

        while (r == 0 && (fd = activation_take(name, n)) >= 0) {
                r = add(sockets, options, fd, ret_reason);
                n++;
        }
        if (r < 0 || (n > 0 && fd == -ENOENT))
                return r;
        if (fd != -ENOENT)
                return fail(ret_reason, fd, options->endpoint.text);
        reason_set(ret_reason,
                "the service manager has given no socket of the name \"%s\" "
                "(FileDescriptorName=)",
                name);
        ret_reason->code = fd;
        return fd;
}

static int take_fd(struct sockets *sockets,
        const struct config_listener *options, struct reason *ret_reason)
{
        int fd = fcntl(options->endpoint.fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return fail(ret_reason, -errno, options->endpoint.text);
        return add(sockets, options, fd, ret_reason);
}

int sockets_open(struct sockets *sockets, const struct config_listener *options,
        uint64_t backlog, struct reason *ret_reason)
{
        int r = -EINVAL;

        *sockets = (struct sockets){0};
        switch (options->endpoint.kind) {
        case CONFIG_ENDPOINT_UNIX:
        case CONFIG_ENDPOINT_INET:
                r = listen_own(sockets, options, backlog, ret_reason);
                break;
        case CONFIG_ENDPOINT_SYSTEMD:
                r = take_activated(sockets, options, ret_reason);
                break;
        case CONFIG_ENDPOINT_FD:
                r = take_fd(sockets, options, ret_reason);
                break;
        }
        if (r < 0)
                sockets_close(sockets);
        return r;
}

int sockets_inherit(struct sockets *sockets,
        const struct config_listener *options, const struct fdlist *from,
        struct reason *ret_reason)
{
        int fd, r = 0;

        *sockets = (struct sockets){0};
        for (size_t n = 0; r == 0; n++) {
                fd = fdlist_get(from, options->endpoint.text, n);
                if (fd < 0)
                        return n > 0 ? 0 : -ENOENT;
                fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                if (fd < 0)
                        r = fail(ret_reason, -errno, options->endpoint.text);
                else
                        r = add(sockets, options, fd, ret_reason);
        }
        sockets_close(sockets);
        return r;
}

int sockets_copy(const struct sockets *sockets, size_t n)
{
        const char *name;
        int fd;
        int r = socketmap_server_get_listener(sockets->server, n, &fd, &name);

        if (r < 0)
                return r;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : fd;
}

static void give_nothing(
        void *ctx, const struct socketmap_connection *connection)
{
        (void)ctx;
        close(connection->fd); /* there is none: nobody was accepted */
}

void sockets_leave(struct sockets *sockets)
{
        if (sockets->server == NULL)
                return;
        socketmap_server_give(sockets->server, give_nothing, NULL);
        socketmap_server_run(sockets->server);
        sockets_close(sockets);
}

void sockets_close(struct sockets *sockets)
{
        if (sockets->server != NULL)
                socketmap_server_free(sockets->server);
        sockets->server = NULL;
}
