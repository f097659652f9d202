/* SPDX-License-Identifier: MIT */
#include "daemon/takeover.h"

#include "daemon/activation.h"
#include "daemon/handover.h"
#include "daemon/log.h"
#include "daemon/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* How long the other daemon may keep us waiting before the go. */
static const struct timeval patience = {.tv_sec = 20};

/* What it may set in our environment. */
static const char *const environment[] = {
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "FDSTORE"};

static int fail(const char *what, int code)
{
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "takeover: %s: %s", what,
                strerror(-code));
        return EX_UNAVAILABLE;
}

static int dial(const char *path)
{
        struct sockaddr_un address;
        int fd, r = wire_address(path, &address);

        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                r = -errno;
                close(fd);
                return r;
        }
        return fd;
}

/* Takes the message's first descriptor. Returns -EBADMSG without one. */
static int take_fd(struct wire_message *message)
{
        int fd;

        if (message->fd_count == 0)
                return -EBADMSG;
        fd = message->fds[0];
        message->fds[0] = message->fds[--message->fd_count];
        return fd;
}

static int take_named(struct fdlist *list, struct wire_message *message)
{
        int fd = take_fd(message);

        return fd < 0 ? fd : fdlist_add(list, message->text, fd);
}

static int take_control(struct takeover *takeover, struct wire_message *message)
{
        int fd = take_fd(message);

        if (fd < 0)
                return fd;
        if (takeover->control_fd >= 0)
                close(takeover->control_fd);
        takeover->control_fd = fd;
        return 0;
}

/* Takes "NAME=VALUE", if it is one of those and we have none of our own. */
static int take_variable(const char *text)
{
        for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]);
                i++) {
                size_t size = strlen(environment[i]);

                if (strncmp(text, environment[i], size) == 0 &&
                        text[size] == '=')
                        return setenv(environment[i], text + size + 1, 0) < 0
                                       ? -errno
                                       : 0;
        }
        return 0;
}

/* Takes one message. Returns 1 when it was the last, 0, or an errno. */
static int take_one(struct takeover *takeover, struct wire_message *message)
{
        if (strcmp(message->verb, "all") == 0)
                return 1;
        if (strcmp(message->verb, "environment") == 0)
                return take_variable(message->text);
        if (strcmp(message->verb, "activated") == 0)
                return take_named(activation_list(), message);
        if (strcmp(message->verb, "listener") == 0)
                return take_named(&takeover->listeners, message);
        if (strcmp(message->verb, "lock") == 0)
                return take_named(&takeover->locks, message);
        if (strcmp(message->verb, "control") == 0)
                return take_control(takeover, message);
        return 0;
}

static int take_all(struct takeover *takeover)
{
        int r = wire_send(takeover->fd, "takeover", "1", NULL, 0);

        while (r == 0) {
                struct wire_message message;

                r = wire_receive(takeover->fd, &message);
                if (r < 0)
                        break;
                r = take_one(takeover, &message);
                wire_close_fds(&message);
        }
        return r > 0 ? 0 : r;
}

int takeover_begin(struct takeover *takeover, const char *path)
{
        int r;

        *takeover = (struct takeover){.control_fd = -1, .fd = -1};
        if (path == NULL) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR,
                        "takeover: [server] has no control, the socket to "
                        "take over by");
                return EX_UNAVAILABLE;
        }
        takeover->fd = dial(path);
        if (takeover->fd < 0)
                return fail(path, takeover->fd);
        r = take_all(takeover);
        return r < 0 ? fail(path, r) : EX_OK;
}

static bool is_known(const struct takeover *takeover, const char *name)
{
        return fdlist_get(&takeover->listeners, name, 0) >= 0;
}

static const char *find_new(
        const struct takeover *takeover, const struct socketmap_server *server)
{
        const char *name;
        int fd;

        for (size_t n = 0;
                socketmap_server_get_listener(server, n, &fd, &name) == 0; n++)
                if (!is_known(takeover, name))
                        return name;
        return NULL;
}

void takeover_abandon(
        struct takeover *takeover, struct socketmap_server *server)
{
        const char *name;

        while ((name = find_new(takeover, server)) != NULL) {
                char *copy = strdup(name);

                if (copy == NULL)
                        return;
                socketmap_server_close_listener(server, copy);
                free(copy);
        }
}

/* The other daemon is gone, or has said that this is all. */
static void end(struct takeover *takeover)
{
        uv_close((uv_handle_t *)&takeover->poll, NULL);
        close(takeover->fd);
        takeover->fd = -1;
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO, "took over %u connections",
                takeover->taken);
        if (takeover->lost > 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING,
                        "closed %u connections that cannot go on here",
                        takeover->lost);
        takeover->done(takeover->ctx);
}

static void take_connection(
        struct takeover *takeover, struct wire_message *message)
{
        struct handover handover = {.count = message->fd_count};

        memcpy(handover.fds, message->fds,
                message->fd_count * sizeof(handover.fds[0]));
        message->fd_count = 0;
        if (handover_serve(&handover, takeover->server, message->text) == 0)
                takeover->taken++;
        else
                takeover->lost++;
}

static void on_message(uv_poll_t *poll, int status, int events)
{
        struct takeover *takeover = poll->data;
        struct wire_message message;
        int r;

        (void)events;
        r = status < 0 ? status : wire_receive(takeover->fd, &message);
        if (r == -EAGAIN)
                return;
        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING,
                        "takeover: the other daemon has not given everything: "
                        "%s",
                        strerror(-r));
                end(takeover);
                return;
        }
        if (strcmp(message.verb, "connection") == 0)
                take_connection(takeover, &message);
        else if (strcmp(message.verb, "end") == 0)
                end(takeover);
        wire_close_fds(&message);
}

/* Removes the files of a socket that nobody listens on any more. */
static void remove_files(const char *path)
{
        char *lock;

        unlink(path);
        if (asprintf(&lock, "%s.lock", path) < 0)
                return;
        unlink(lock);
        free(lock);
}

/* The other daemon leaves its listeners to us, also those we haven't. */
static void drop_listeners(struct takeover *takeover)
{
        static const char unix_prefix[] = "unix:";
        const struct fdlist *list = &takeover->listeners;

        for (size_t i = 0; i < list->count; i++) {
                const char *name = list->entries[i].name;

                if (!handover_is_known(takeover->server, name) &&
                        strncmp(name, unix_prefix, strlen(unix_prefix)) == 0)
                        remove_files(name + strlen(unix_prefix));
        }
        fdlist_fini(&takeover->listeners);
        fdlist_fini(&takeover->locks);
}

int takeover_go(struct takeover *takeover, uv_loop_t *loop,
        struct socketmap_server *server)
{
        int r = wire_send(takeover->fd, "go", "", NULL, 0);

        if (r == 0)
                r = uv_poll_init(loop, &takeover->poll, takeover->fd);
        if (r < 0)
                return fail("cannot begin", r);
        takeover->server = server;
        drop_listeners(takeover);
        takeover->poll.data = takeover;
        uv_poll_start(&takeover->poll, UV_READABLE, on_message);
        return EX_OK;
}

void takeover_fini(struct takeover *takeover)
{
        fdlist_fini(&takeover->listeners);
        fdlist_fini(&takeover->locks);
        if (takeover->control_fd >= 0)
                close(takeover->control_fd);
        takeover->control_fd = -1;
}
