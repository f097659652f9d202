/* SPDX-License-Identifier: MIT */
#include "lib/listener.h"
#include "lib/link.h"
#include "lib/room.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long it pauses, unless a descriptor is closed before, in ms. */
enum { PAUSE = 100 };

static void on_poll(uv_poll_t *poll, int status, int events);

static void free_listener(uv_handle_t *handle)
{
        struct listener *listener = (struct listener *)handle;
        struct core *core = listener->core;

        free(listener);
        core_handle_closed(core);
}

/* The filter and the log function may have closed it. */
static bool is_open(const struct listener *listener)
{
        return !uv_is_closing((const uv_handle_t *)&listener->poll);
}

static void pause_accepting(struct listener *listener)
{
        if (!is_open(listener))
                return;
        uv_poll_stop(&listener->poll);
        alarm_set(&listener->core->alarm, &listener->resume,
                uv_now(listener->core->loop) + PAUSE);
}

static void start(struct listener *listener)
{
        uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

void listener_resume(struct listener *listener)
{
        if (listener->resume.slot == 0)
                return;
        alarm_clear(&listener->core->alarm, &listener->resume);
        start(listener);
}

static void on_resume(struct due *due)
{
        start((struct listener *)((char *)due -
                                  offsetof(struct listener, resume)));
}

/* Tells whether accept would find a connection: nobody is closed for none. */
static bool has_pending(const struct listener *listener)
{
        struct pollfd state = {.fd = listener->fd, .events = POLLIN};

        return poll(&state, 1, 0) > 0;
}

/* Errors of a connection that was gone before we came, and of signals. */
static bool is_passing(int error)
{
        return error == EINTR || error == ECONNABORTED || error == EPROTO ||
               error == EPERM;
}

/*
 * Accept failed for want of something. Returns whether to try again at once;
 * else it pauses, since the connection that waits would wake us for ever.
 */
static bool on_error(struct listener *listener, int error)
{
        struct core *core = listener->core;

        if (is_passing(error))
                return true;
        counters_add(&core->counters, SOCKETMAP_COUNT_ACCEPT_ERRORS, 1);
        core_log(core, SOCKETMAP_LOG_ERROR, "cannot accept a connection: %s",
                strerror(error));
        if (error == EMFILE && room_make(core))
                return true;
        pause_accepting(listener);
        return false;
}

/*
 * Tells whether one more connection may be taken. Nobody has to go for it yet:
 * it may be refused.
 */
static bool has_place(struct listener *listener)
{
        if (!core_is_full(listener->core))
                return true;
        if (!has_pending(listener))
                return false;
        if (room_exists(listener->core))
                return true;
        pause_accepting(listener);
        return false;
}

static bool admits(const struct listener *listener, int fd)
{
        const struct filter *filter = &listener->filter;

        return filter->admits == NULL || filter->admits(filter->ctx, fd);
}

/* Serves a new connection, if the filter admits it. */
static void serve(struct listener *listener, int fd)
{
        struct core *core = listener->core;
        int r;

        if (!admits(listener, fd)) {
                close(fd);
                counters_add(&core->counters, SOCKETMAP_COUNT_REFUSED, 1);
                return;
        }
        if (core_is_full(core))
                room_make(core);
        r = link_open(core, listener->scope, fd);
        if (r < 0)
                core_log(core, SOCKETMAP_LOG_ERROR,
                        "cannot serve a connection: %s", strerror(-r));
}

/* Takes one connection. Returns whether there may be more. */
static bool accept_one(struct listener *listener)
{
        int fd;

        if (!has_place(listener))
                return false;
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                return false;
        if (fd < 0)
                return on_error(listener, errno);
        serve(listener, fd);
        return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
        /* The others have their turn before the rest of a long queue. */
        enum { AT_ONCE = 64 };
        struct listener *listener = (struct listener *)poll;

        (void)events;
        if (status < 0) {
                /* libuv stopped watching; an error that lasts must not spin. */
                pause_accepting(listener);
                return;
        }
        for (int n = 0; n < AT_ONCE; n++) {
                if (!accept_one(listener) || !is_open(listener))
                        break;
        }
}

struct listener *listener_open(struct core *core, struct scope *scope, int fd,
        const struct bound_file *file, int *ret_code)
{
        struct listener *listener = calloc(1, sizeof(*listener));

        *ret_code = -ENOMEM;
        if (listener == NULL)
                goto fail;
        *ret_code = alarm_join(&core->alarm);
        if (*ret_code < 0)
                goto fail;
        *ret_code = uv_poll_init(core->loop, &listener->poll, fd);
        if (*ret_code < 0) {
                alarm_leave(&core->alarm);
                goto fail;
        }
        core->handles++;
        listener->core = core;
        listener->scope = scope;
        scope->users++;
        listener->fd = fd;
        listener->resume.fire = on_resume;
        if (file != NULL)
                listener->file = *file;
        start(listener);
        return listener;
fail:
        free(listener);
        close(fd);
        return NULL;
}

void listener_close(struct listener *listener)
{
        bind_unlink(&listener->file);
        listener_leave(listener);
}

void listener_leave(struct listener *listener)
{
        alarm_clear(&listener->core->alarm, &listener->resume);
        alarm_leave(&listener->core->alarm);
        listener->scope->users--;
        uv_close((uv_handle_t *)&listener->poll, free_listener);
        close(listener->fd);
}
