/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include "base/events.h"
#include "base/privileges.h"
#include "base/thread.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/ending.h"
#include "daemon/inetd.h"
#include "daemon/maps.h"
#include "daemon/opened.h"
#include "daemon/reload.h"
#include "daemon/signals.h"

#include <errno.h>
#include <signal.h>
#include <socketmap/uv.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* What threads get to end in: enough to tell their servers. */
#define THREAD_PATIENCE_MS 100

/* No connection is left: the drain is over. */
static void on_idle(struct socketmap_server *server, void *ctx)
{
        struct daemon *daemon = ctx;

        (void)server;
        uv_stop(&daemon->loop);
}

/* Makes the loop and the server. Returns 0 or a negative errno. */
static int set_up(struct daemon *daemon)
{
        daemon->server = socketmap_server_new_uv(&daemon->loop);
        if (daemon->server == NULL)
                return -ENOMEM;
        upkeep_init(&daemon->upkeep, &daemon->loop);
        daemon->listeners.server = daemon->server;
        daemon->listeners.loop = &daemon->loop;
        daemon->listeners.log_limit = &daemon->log_limit;
        socketmap_server_set_log(
                daemon->server, log_limited, &daemon->log_limit);
        socketmap_server_on_idle(daemon->server, on_idle, daemon);
        return signals_start(daemon);
}

/* Becomes the user that the configuration names. Returns an exit status. */
static int drop_privileges(const struct config_server *options)
{
        struct identity identity = {options->user.name, options->user.uid,
                options->group.gid != (gid_t)-1 ? options->group.gid
                                                : options->user.gid};
        struct reason reason;

        if (privileges_drop(&identity, &reason) == 0)
                return EX_OK;
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "[server] user, group: %s",
                reason.text);
        return EX_NOPERM;
}

/* Lets another daemon take this one's place later. Returns an exit status. */
static int start_control(struct daemon *daemon)
{
        struct control *control = &daemon->control;
        int inherited = daemon->takeover.control_fd;

        control->server = daemon->server;
        control->listeners = &daemon->listeners;
        control->loop = &daemon->loop;
        control->go = ending_go;
        control->ctx = daemon;
        daemon->takeover.control_fd = -1;
        return control_start(control, &daemon->config->server, inherited) < 0
                       ? EX_UNAVAILABLE
                       : EX_OK;
}

/* Puts the configuration into force. Returns an exit status. */
static int start(struct daemon *daemon, struct opened *opened)
{
        int status, r = set_up(daemon);

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", strerror(-r));
                return EX_OSERR;
        }
        if (opened_commit(opened, daemon) < 0)
                return EX_OSERR;
        daemon->listeners.inherited = NULL;
        daemon->listeners.inherited_locks = NULL;
        status = daemon->is_single ? EX_OK : start_control(daemon);
        if (status == EX_OK)
                status = drop_privileges(&daemon->config->server);
        return status;
}

/* Takes up the connections that the daemon before has left. */
static void take_stored(struct daemon *daemon)
{
        unsigned count = fdstore_take(daemon->server);

        if (count > 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO,
                        "took up %u connections", count);
}

static void run(struct daemon *daemon)
{
        listeners_tell(&daemon->listeners, "ready");
        take_stored(daemon);
        notify_watchdog_start(&daemon->watchdog, &daemon->loop);
        notify_status("serves %zu maps", daemon->maps->count);
        notify_ready();
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        log_limit_fini(&daemon->log_limit);
        ending_settle(daemon);
        ending_tell(daemon);
}

/* Under inetd it starts and ends for each client: that is nothing to tell. */
static void run_single(struct daemon *daemon)
{
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        log_limit_fini(&daemon->log_limit);
        if (daemon->end_reason != NULL)
                ending_tell(daemon);
        else
                daemon->end_reason = "the end of its input";
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
        (void)ctx;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

/* Tables are opened with it, before anything else. Returns an exit status. */
static int start_loop(struct daemon *daemon)
{
        int r = uv_loop_init(&daemon->loop);

        if (r == 0) {
                daemon->events = events_new(&daemon->loop);
                if (daemon->events != NULL)
                        return EX_OK;
                uv_loop_close(&daemon->loop);
                r = UV_ENOMEM;
        }
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", uv_strerror(r));
        return EX_OSERR;
}

/*
 * With all maps closed: what they have left to do on the loop, too. Lookups
 * that still wait, at these or at those of before a reload, are cancelled.
 */
static void end_loop(struct daemon *daemon)
{
        events_free(daemon->events);
        uv_walk(&daemon->loop, close_handle, NULL);
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        uv_loop_close(&daemon->loop);
        threads_join(THREAD_PATIENCE_MS);
}

/* Ends the parts, the last first. */
static void stop(struct daemon *daemon)
{
        bool is_replaced = daemon->control.has_given;

        events_cease(daemon->events);
        reload_wait(daemon);
        control_stop(&daemon->control);
        socketmap_server_free(daemon->server);
        if (is_replaced)
                listeners_leave(&daemon->listeners);
        else
                listeners_close(&daemon->listeners);
        upkeep_stop(&daemon->upkeep);
        maps_close(daemon->maps); /* a reload may have looked at them */
        daemon->maps = NULL;
}

static void on_taken_over(void *ctx)
{
        struct daemon *daemon = ctx;

        control_resume(&daemon->control);
}

/* Lets the other daemon end. Returns an exit status. */
static int take_over(struct daemon *daemon)
{
        control_hold(&daemon->control);
        daemon->takeover.done = on_taken_over;
        daemon->takeover.ctx = daemon;
        return takeover_go(&daemon->takeover, &daemon->loop, daemon->server);
}

/* Serves whom the mode says. Returns an exit status. */
static int serve_clients(struct daemon *daemon, enum serve_mode mode)
{
        int r, status = EX_OK;

        if (mode == SERVE_STDIO) {
                r = inetd_start(daemon->server);
                if (r < 0)
                        return EX_OSERR;
                run_single(daemon);
                return EX_OK;
        }
        if (mode == SERVE_INSTEAD)
                status = take_over(daemon);
        if (status == EX_OK)
                run(daemon);
        return status;
}

static int serve_opened(
        struct daemon *daemon, struct opened *opened, enum serve_mode mode)
{
        int status;

        log_limit_init(&daemon->log_limit, &daemon->loop);
        status = start(daemon, opened);
        if (status == EX_OK)
                status = serve_clients(daemon, mode);
        if (status != EX_OK && mode == SERVE_INSTEAD) {
                takeover_abandon(&daemon->takeover, daemon->server);
                _exit(status);
        }
        stop(daemon);
        if (daemon->is_single)
                inetd_finish();
        return status;
}

/* Reads and opens everything. Returns an exit status. */
static int open_all(
        struct daemon *daemon, struct opened *opened, enum serve_mode mode)
{
        struct report report = {.say = log_finding};
        int status = opened_read(opened, daemon->file, &report);

        if (status == EX_OK && mode == SERVE_INSTEAD) {
                status = takeover_begin(
                        &daemon->takeover, opened->config->server.control);
                daemon->listeners.inherited = &daemon->takeover.listeners;
                daemon->listeners.inherited_locks = &daemon->takeover.locks;
        }
        if (status == EX_OK)
                status = opened_open(
                        opened, daemon, mode != SERVE_STDIO, &report);
        return status;
}

/* Before anything else, since threads inherit it. Returns an exit status. */
static int seal_privileges(void)
{
        struct reason reason;

        if (privileges_seal(&reason) == 0)
                return EX_OK;
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", reason.text);
        return EX_OSERR;
}

int serve(const char *file, enum serve_mode mode)
{
        struct daemon daemon = {.file = file,
                .is_single = mode == SERVE_STDIO,
                .takeover = {.control_fd = -1, .fd = -1},
                .control = {.fd = -1, .peer_fd = -1}};
        struct opened opened = {0};
        int status;

        /* Big tables take their time; a handler is there when they are read. */
        signal(SIGHUP, SIG_IGN);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGPIPE, SIG_IGN); /* whoever read the log may be gone */
        if (daemon.is_single && inetd_has_stderr())
                log_leave_stderr();
        status = seal_privileges();
        if (status == EX_OK)
                status = start_loop(&daemon);
        if (status != EX_OK)
                return status;
        status = open_all(&daemon, &opened, mode);
        if (status == EX_OK)
                status = serve_opened(&daemon, &opened, mode);
        opened_close(&opened);
        end_loop(&daemon);
        config_free(daemon.config);
        takeover_fini(&daemon.takeover);
        return status;
}
