/* SPDX-License-Identifier: MIT */
#include "lib/server.h"
#include "lib/error.h"
#include "lib/link.h"
#include "lib/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_closed(struct core *core);
static void on_gone(struct core *core);
static void on_async(uv_async_t *async);
static void on_drain_due(struct due *due);

static void on_handle_closed(uv_handle_t *handle)
{
        core_handle_closed(handle->data);
}

static void wake_from_mailbox(void *ctx)
{
        server_wake(ctx);
}

/* Makes what every server has. On failure the caller frees what there is. */
static int init_memory(struct socketmap_server *server)
{
        struct core *core = &server->core;

        core->in = malloc(CORE_IN_SIZE);
        core->mailbox = mailbox_new(wake_from_mailbox, server);
        if (core->in == NULL || core->mailbox == NULL)
                return -ENOMEM;
        limits_init(&core->limits);
        core->closed = on_closed;
        core->crowded = room_shrink;
        core->gone = on_gone;
        server->drive = (struct drive){.fd = -1, .timer_fd = -1};
        server->drain_due.fire = on_drain_due;
        return 0;
}

static int init_handles(struct socketmap_server *server)
{
        struct core *core = &server->core;
        int r;

        r = alarm_init(&core->alarm, core->loop);
        if (r < 0)
                return r;
        core->alarm.timer.data = core;
        core->handles++;
        r = uv_async_init(core->loop, &server->async, on_async);
        if (r < 0)
                return r;
        server->async.data = core;
        core->handles++;
        return alarm_join(&core->alarm); /* for the drain */
}

static void free_memory(struct socketmap_server *server)
{
        alarm_fini(&server->core.alarm);
        buffer_clear(&server->core.out);
        free(server->core.in);
        free(server);
}

/* libuv has closed everything: nothing refers to the server any more. */
static void on_gone(struct core *core)
{
        struct socketmap_server *server = (struct socketmap_server *)core;

        if (server->owns_loop)
                return; /* end_own_loop has to close the loop first */
        free_memory(server);
}

static void end_own_loop(struct socketmap_server *server)
{
        uv_run(&server->own_loop, UV_RUN_DEFAULT);
        uv_loop_close(&server->own_loop);
        free_memory(server);
}

static void close_handles(struct socketmap_server *server)
{
        uv_handle_t *timer = (uv_handle_t *)&server->core.alarm.timer;
        uv_handle_t *async = (uv_handle_t *)&server->async;

        if (async->loop != NULL)
                uv_close(async, on_handle_closed);
        if (timer->loop != NULL)
                uv_close(timer, on_handle_closed);
}

static struct socketmap_server *server_new(uv_loop_t *loop)
{
        struct socketmap_server *server = calloc(1, sizeof(*server));

        if (server == NULL)
                return NULL;
        server->owns_loop = loop == NULL;
        if (init_memory(server) < 0)
                goto fail;
        if (loop == NULL && uv_loop_init(&server->own_loop) < 0)
                goto fail;
        server->core.loop = loop != NULL ? loop : &server->own_loop;
        if (init_handles(server) < 0) {
                socketmap_server_free(server);
                return NULL;
        }
        return server;
fail:
        mailbox_close(server->core.mailbox);
        free_memory(server);
        return NULL;
}

struct socketmap_server *socketmap_server_new(void)
{
        return server_new(NULL);
}

struct socketmap_server *socketmap_server_new_uv(uv_loop_t *loop)
{
        return server_new(loop);
}

static void close_listeners(struct socketmap_server *server)
{
        while (server->listeners != NULL) {
                struct listener *listener = server->listeners;

                server->listeners = listener->next;
                listener_close(listener);
        }
}

static void close_links(struct socketmap_server *server)
{
        while (server->core.oldest != NULL)
                link_close(server->core.oldest);
}

static void free_dropped(struct socketmap_server *server)
{
        while (server->dropped != NULL) {
                struct generation *generation = server->dropped;

                server->dropped = generation->next_dropped;
                generation_unref(generation);
        }
}

void socketmap_server_free(struct socketmap_server *server)
{
        if (server == NULL)
                return;
        server->ending = true;
        close_listeners(server);
        close_links(server);
        /* Now nobody wants an answer: the workers only finish what they do. */
        generation_list_stop(&server->core.generations);
        mailbox_close(server->core.mailbox);
        server_free_idle_scopes(server); /* all: the links are closed */
        server_set_generation(server, &server->scope, NULL);
        free_dropped(server);
        drive_fini(&server->drive);
        close_handles(server);
        if (server->owns_loop)
                end_own_loop(server);
}

void server_wake(struct socketmap_server *server)
{
        uv_async_send(&server->async);
}

/* A connection is closed: a listener may go on, or nothing is left. */
static void on_closed(struct core *core)
{
        struct socketmap_server *server = (struct socketmap_server *)core;

        if (server->ending)
                return;
        for (struct listener *listener = server->listeners; listener != NULL;
                listener = listener->next)
                listener_resume(listener);
        if (server_is_done(server))
                alarm_clear(&core->alarm, &server->drain_due);
        if (server_is_done(server) || server_has_idle_scope(server))
                server_wake(server);
}

/* Serves a descriptor of another thread, or lets it go where the others go. */
static void take_fd(struct socketmap_server *server, int fd)
{
        struct core *core = &server->core;
        bool gives = core->receiver.give != NULL;
        int r;

        if (!gives && (server->draining ||
                              (core_is_full(core) && !room_make(core)))) {
                close(fd);
                return;
        }
        r = link_open(core, &server->scope, fd);
        if (r < 0)
                core_log(core, SOCKETMAP_LOG_ERROR,
                        "cannot serve a connection: %s", strerror(-r));
        else if (gives)
                link_give(core->newest);
}

static void take_fds(struct socketmap_server *server)
{
        int fd;

        while ((fd = mailbox_take_fd(server->core.mailbox)) >= 0)
                take_fd(server, fd);
}

static void take_answers(struct socketmap_server *server)
{
        struct posted posted;

        while (mailbox_take(server->core.mailbox, &posted)) {
                if (posted.answered && posted.held->link != NULL)
                        link_answer(posted.held->link);
                if (posted.last)
                        held_free(posted.held);
        }
}

static void start_drain(struct socketmap_server *server)
{
        struct link *link = server->core.oldest, *newer;

        server->drain_wanted = false;
        server->draining = true;
        close_listeners(server);
        for (; link != NULL; link = newer) {
                newer = link->newer;
                link_drain(link);
        }
        if (server->core.link_count == 0) /* nobody is waited for */
                alarm_clear(&server->core.alarm, &server->drain_due);
}

static void on_drain_due(struct due *due)
{
        struct socketmap_server *server =
                (struct socketmap_server *)((char *)due -
                                            offsetof(struct socketmap_server,
                                                    drain_due));

        core_log(&server->core, SOCKETMAP_LOG_WARNING,
                "closed %zu connections that were not done in time",
                server->core.link_count);
        close_links(server);
}

void server_catch_up(struct socketmap_server *server)
{
        mailbox_look(server->core.mailbox);
        take_fds(server);
        take_answers(server);
        server_free_idle_scopes(server);
        free_dropped(server);
        if (server->drain_wanted)
                start_drain(server);
        if (server->give_wanted)
                server_start_giving(server);
}

bool server_is_done(const struct socketmap_server *server)
{
        return atomic_load(&server->stopping) ||
               (server->listeners == NULL && server->core.link_count == 0);
}

static void tell_idle(struct socketmap_server *server)
{
        atomic_store(&server->stopping, false); /* told once */
        if (server->idle != NULL)
                server->idle(server, server->idle_ctx);
}

static void on_async(uv_async_t *async)
{
        struct socketmap_server *server = async->data;

        server->started |= !server->owns_loop;
        server_catch_up(server);
        if (!server_is_done(server))
                return;
        if (server->owns_loop)
                uv_stop(&server->own_loop);
        else
                tell_idle(server);
}

int socketmap_server_drain(struct socketmap_server *server, unsigned timeout)
{
        struct core *core;

        if (server == NULL)
                return -ENOMEM;
        core = &server->core;
        uv_update_time(core->loop);
        if (timeout > 0)
                alarm_set(&core->alarm, &server->drain_due,
                        uv_now(core->loop) + timeout);
        /* Not here: this may be called from a lookup of a connection. */
        server->drain_wanted = true;
        server_wake(server);
        return 0;
}

void socketmap_server_on_idle(struct socketmap_server *server,
        void (*idle)(struct socketmap_server *server, void *ctx), void *ctx)
{
        if (server == NULL)
                return;
        server->idle = idle;
        server->idle_ctx = ctx;
}

/* Tells why a descriptor can't be a connection, or 0. */
static int check_stream(int fd)
{
        int type = 0;
        socklen_t size = sizeof(type);

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
                return -errno;
        return type == SOCK_STREAM ? 0 : -EINVAL;
}

int socketmap_server_serve_fd(struct socketmap_server *server, int fd)
{
        int r = server != NULL ? check_stream(fd) : -ENOMEM;

        if (r == 0)
                r = mailbox_post_fd(server->core.mailbox, fd);
        if (r < 0)
                close(fd);
        return r;
}

int socketmap_server_set_limit(struct socketmap_server *server,
        enum socketmap_limit limit, uint64_t value)
{
        struct socketmap_error error;
        int r = -ENOMEM;

        if (server == NULL)
                return r;
        r = limits_set(&server->core.limits, limit, value);
        if (r == 0)
                return 0;
        error_set(&error, r, "limit %d cannot be %llu", (int)limit,
                (unsigned long long)value);
        return server_fail(server, &error);
}

void socketmap_server_set_log(struct socketmap_server *server,
        void (*log)(
                void *ctx, enum socketmap_log_level level, const char *line),
        void *ctx)
{
        if (server == NULL)
                return;
        server->core.log = log;
        server->core.log_ctx = ctx;
}

uint64_t socketmap_server_get_count(
        const struct socketmap_server *server, enum socketmap_counter counter)
{
        if (server == NULL || socketmap_counter_name(counter) == NULL)
                return 0;
        if (counter == SOCKETMAP_COUNT_LATE)
                return mailbox_late(server->core.mailbox);
        return counters_get(&server->core.counters, counter);
}

int server_fail(
        struct socketmap_server *server, const struct socketmap_error *error)
{
        if (!server->started && server->error.code == 0)
                server->error = *error;
        return error->code;
}

int socketmap_server_get_error(const struct socketmap_server *server,
        struct socketmap_error *ret_error)
{
        if (server == NULL) {
                error_set(ret_error, -ENOMEM, "out of memory");
                return 1;
        }
        if (server->error.code == 0)
                return 0;
        if (ret_error != NULL)
                *ret_error = server->error;
        return 1;
}
