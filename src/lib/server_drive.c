/* SPDX-License-Identifier: MIT */
/* Who runs the server: itself, or somebody's loop. */
#include "lib/server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The timer fires never. */
#define NEVER UINT64_MAX

/* Why the server can't be driven in this way, or 0. */
static int check(const struct socketmap_server *server)
{
        if (server == NULL)
                return -ENOMEM;
        if (!server->owns_loop)
                return -EBUSY;
        return server->error.code;
}

static void start(struct socketmap_server *server)
{
        server->started = true;
        uv_update_time(&server->own_loop);
        server_catch_up(server);
}

int socketmap_server_run(struct socketmap_server *server)
{
        int r = check(server);

        if (r < 0)
                return r;
        start(server);
        if (!server_is_done(server))
                uv_run(&server->own_loop, UV_RUN_DEFAULT);
        atomic_store(&server->stopping, false);
        return 0;
}

void socketmap_server_stop(struct socketmap_server *server)
{
        if (server == NULL)
                return;
        atomic_store(&server->stopping, true);
        server_wake(server);
}

/* Lets the descriptor become readable when libuv's next timer is due. */
static void arm_timer(struct socketmap_server *server)
{
        int timeout = uv_backend_timeout(&server->own_loop);
        uint64_t when = NEVER;
        struct itimerspec time = {0};

        if (timeout >= 0)
                when = uv_now(&server->own_loop) + (uint64_t)timeout;
        if (when == server->drive.armed && timeout != 0)
                return;
        server->drive.armed = when;
        if (timeout == 0) { /* now, for which zero has no meaning */
                time.it_value.tv_nsec = 1;
        } else if (timeout > 0) {
                time.it_value.tv_sec = timeout / 1000;
                time.it_value.tv_nsec = (long)(timeout % 1000) * 1000000;
        }
        timerfd_settime(server->drive.timer_fd, 0, &time, NULL);
}

static int add_to_epoll(int epoll_fd, int fd)
{
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

        return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_drive(struct socketmap_server *server)
{
        struct drive drive = {.armed = NEVER, .timer_fd = -1};
        int r;

        drive.fd = epoll_create1(EPOLL_CLOEXEC);
        if (drive.fd >= 0)
                drive.timer_fd = timerfd_create(
                        CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (drive.timer_fd < 0) {
                r = -errno;
                drive_fini(&drive);
                return r;
        }
        r = add_to_epoll(drive.fd, uv_backend_fd(&server->own_loop));
        if (r == 0)
                r = add_to_epoll(drive.fd, drive.timer_fd);
        if (r < 0) {
                drive_fini(&drive);
                return r;
        }
        server->drive = drive;
        return 0;
}

void drive_fini(struct drive *drive)
{
        if (drive->fd >= 0)
                close(drive->fd);
        if (drive->timer_fd >= 0)
                close(drive->timer_fd);
        drive->fd = -1;
        drive->timer_fd = -1;
}

int socketmap_server_get_fd(struct socketmap_server *server)
{
        int r;

        if (server == NULL)
                return -ENOMEM;
        if (!server->owns_loop)
                return -EBUSY;
        if (server->drive.fd >= 0)
                return server->drive.fd;
        r = open_drive(server);
        if (r < 0)
                return r;
        /* libuv takes up what is to be watched only when it runs. */
        uv_run(&server->own_loop, UV_RUN_NOWAIT);
        arm_timer(server);
        return server->drive.fd;
}

int socketmap_server_dispatch(struct socketmap_server *server)
{
        int r = check(server);

        if (r < 0)
                return r;
        start(server);
        uv_run(&server->own_loop, UV_RUN_NOWAIT);
        if (server->drive.fd >= 0)
                arm_timer(server);
        if (!server_is_done(server))
                return 1;
        atomic_store(&server->stopping, false);
        return 0;
}
