/* SPDX-License-Identifier: MIT */
#include "daemon/control.h"

#include "config/config.h"
#include "daemon/activation.h"
#include "daemon/handover.h"
#include "daemon/listeners.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What of the environment a new daemon needs to know, too. */
static const char *const environment[] = {
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "FDSTORE"};

/* How long a new daemon may take to open its tables, in ms. */
enum { PATIENCE = 300000 };

#define warn(...) log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING, __VA_ARGS__)

static void on_connection(uv_poll_t *poll, int status, int events);

static void listen_on(struct control *control)
{
        uv_poll_start(&control->listener, UV_READABLE, on_connection);
}

static void after_peer(uv_handle_t *handle)
{
        control_resume(handle->data);
}

/* Parts from the peer, and waits for another one. */
static void drop_peer(struct control *control)
{
        if (control->peer_fd < 0)
                return;
        uv_timer_stop(&control->patience);
        uv_close((uv_handle_t *)&control->peer, after_peer);
        close(control->peer_fd);
        control->peer_fd = -1;
        control->has_told = false;
}

static int tell(
        struct control *control, const char *verb, const char *text, int fd)
{
        return wire_send(control->peer_fd, verb, text, &fd, fd >= 0 ? 1 : 0);
}

static int tell_environment(struct control *control)
{
        int r = 0;

        for (size_t i = 0;
                i < sizeof(environment) / sizeof(environment[0]) && r == 0;
                i++) {
                const char *value = getenv(environment[i]);
                char text[WIRE_TEXT_MAX];

                if (value == NULL)
                        continue;
                snprintf(text, sizeof(text), "%s=%s", environment[i], value);
                r = tell(control, "environment", text, -1);
        }
        return r;
}

static int tell_list(
        struct control *control, const char *verb, const struct fdlist *list)
{
        int r = 0;

        for (size_t i = 0; i < list->count && r == 0; i++)
                r = tell(control, verb, list->entries[i].name,
                        list->entries[i].fd);
        return r;
}

static int tell_listeners(struct control *control)
{
        const struct socketmap_server *server = control->server;
        const char *name;
        int fd, r = 0;

        for (size_t n = 0; r == 0; n++) {
                if (socketmap_server_get_listener(server, n, &fd, &name) < 0)
                        break;
                r = tell(control, "listener", name, fd);
        }
        return r;
}

/* The locks on the paths of unix sockets. */
static int tell_locks(struct control *control)
{
        const struct listener *listener;
        int r = 0;

        for (listener = control->listeners->list; listener != NULL && r == 0;
                listener = listener->next)
                if (listener->lock.path != NULL)
                        r = tell(control, "lock", listener->path,
                                listener->lock.fd);
        return r;
}

static int tell_all(struct control *control)
{
        int r = tell_environment(control);

        if (r == 0)
                r = tell_list(control, "activated", activation_list());
        if (r == 0)
                r = tell(control, "control", control->path, control->fd);
        if (r == 0)
                r = tell_listeners(control);
        if (r == 0)
                r = tell_locks(control);
        if (r == 0)
                r = tell(control, "all", "", -1);
        return r;
}

static void give_one(void *ctx, const struct socketmap_connection *connection)
{
        struct control *control = ctx;
        struct handover handover;
        int r = handover_pack(&handover, connection);

        if (r == 0)
                r = wire_send(control->peer_fd, "connection",
                        connection->listener, handover.fds, handover.count);
        if (r < 0)
                control->lost++;
        handover_fini(&handover);
}

void control_give(struct control *control)
{
        uv_poll_stop(&control->peer);
        uv_timer_stop(&control->patience);
        control->has_given = true;
        if (control->peer_pid > 0)
                notify_main_pid(control->peer_pid);
        socketmap_server_give(control->server, give_one, control);
}

static void on_message(
        struct control *control, const struct wire_message *message)
{
        int r = 0;

        if (!control->has_told && strcmp(message->verb, "takeover") == 0) {
                r = tell_all(control);
                control->has_told = r == 0;
        } else if (control->has_told && strcmp(message->verb, "go") == 0) {
                control->go(control->ctx);
        }
        if (r < 0) {
                warn("takeover: %s", strerror(-r));
                drop_peer(control);
        }
}

static void on_peer(uv_poll_t *poll, int status, int events)
{
        struct control *control = poll->data;
        struct wire_message message;
        int r;

        (void)events;
        r = status < 0 ? status : wire_receive(control->peer_fd, &message);
        if (r == -EAGAIN)
                return;
        if (r < 0) {
                warn("a takeover was given up");
                drop_peer(control);
                return;
        }
        wire_close_fds(&message);
        on_message(control, &message);
}

static void on_patience(uv_timer_t *timer)
{
        warn("a takeover took too long");
        drop_peer(timer->data);
}

/* Tells whether it is our own user, or root, and which process. */
static bool is_trusted(int fd, pid_t *ret_pid)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return false;
        *ret_pid = peer.pid;
        return peer.uid == 0 || peer.uid == geteuid();
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
        struct control *control = poll->data;
        int fd;

        (void)events;
        if (status < 0)
                return;
        fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
                return;
        if (!is_trusted(fd, &control->peer_pid) ||
                uv_poll_init(control->loop, &control->peer, fd) < 0) {
                close(fd);
                return;
        }
        /* One at a time: the next one waits for the end of this. */
        uv_poll_stop(&control->listener);
        control->peer_fd = fd;
        control->peer.data = control;
        uv_poll_start(&control->peer, UV_READABLE, on_peer);
        uv_timer_start(&control->patience, on_patience, PATIENCE, 0);
}

/* Removes a socket that nobody answers on. Returns 0 or a negative errno. */
static int remove_stale(const struct sockaddr_un *address)
{
        struct stat status;
        int fd, r = 0;

        if (lstat(address->sun_path, &status) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(status.st_mode))
                return -EEXIST;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
                0)
                r = -EADDRINUSE;
        close(fd);
        if (r == 0 && unlink(address->sun_path) < 0 && errno != ENOENT)
                r = -errno;
        return r;
}

static int bind_fd(int fd, const struct sockaddr_un *address,
        const struct config_user *user)
{
        mode_t mask = umask(0177);
        int r = bind(fd, (const struct sockaddr *)address, sizeof(*address));

        r = r < 0 ? -errno : 0;
        umask(mask);
        if (r < 0)
                return r;
        if (geteuid() == 0 && user->uid != (uid_t)-1 &&
                chown(address->sun_path, user->uid, (gid_t)-1) < 0)
                return -errno;
        return listen(fd, 1) < 0 ? -errno : 0;
}

static int open_socket(const char *path, const struct config_user *user)
{
        struct sockaddr_un address;
        int fd, r = wire_address(path, &address);

        if (r == 0)
                r = remove_stale(&address);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        r = bind_fd(fd, &address, user);
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

static int start(struct control *control)
{
        uv_loop_t *loop = control->loop;
        int r = uv_poll_init(loop, &control->listener, control->fd);

        if (r < 0)
                return r;
        uv_timer_init(loop, &control->patience);
        control->listener.data = control;
        control->patience.data = control;
        listen_on(control);
        return 0;
}

int control_start(struct control *control, const struct config_server *options,
        int inherited)
{
        int r = -ENOMEM;

        control->fd = inherited;
        control->peer_fd = -1;
        if (options->control == NULL) {
                control_stop(control);
                return 0;
        }
        control->path = strdup(options->control);
        if (control->path != NULL && control->fd < 0)
                control->fd = open_socket(control->path, &options->user);
        if (control->path != NULL)
                r = control->fd < 0 ? control->fd : start(control);
        if (r < 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "control = %s: %s",
                        options->control, strerror(-r));
        return r;
}

void control_hold(struct control *control)
{
        if (control->fd >= 0)
                uv_poll_stop(&control->listener);
}

void control_resume(struct control *control)
{
        if (control->fd >= 0)
                listen_on(control);
}

void control_settle(struct control *control)
{
        if (!control->has_given)
                return;
        if (control->lost > 0)
                warn("%u connections could not be handed over", control->lost);
        wire_send(control->peer_fd, "end", "", NULL, 0);
}

void control_stop(struct control *control)
{
        drop_peer(control);
        if (control->listener.loop != NULL && control->fd >= 0)
                uv_close((uv_handle_t *)&control->listener, NULL);
        if (control->fd >= 0)
                close(control->fd);
        if (control->fd >= 0 && control->path != NULL && !control->has_given)
                unlink(control->path);
        control->fd = -1;
        free(control->path);
        control->path = NULL;
}
