/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include "base/privileges.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/ending.h"
#include "daemon/maps.h"
#include "daemon/opened.h"
#include "daemon/reload.h"
#include "daemon/signals.h"

#include <errno.h>
#include <signal.h>
#include <socketmap/uv.h>
#include <string.h>
#include <sysexits.h>

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
        upkeep_init(&daemon->upkeep, &daemon->loop, opened_renew_maps, daemon);
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

/* Puts the configuration into force. Returns an exit status. */
static int start(struct daemon *daemon, struct opened *opened)
{
        int r = set_up(daemon);

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", strerror(-r));
                return EX_OSERR;
        }
        if (opened_commit(opened, daemon) < 0)
                return EX_OSERR;
        return drop_privileges(&daemon->config->server);
}

static void run(struct daemon *daemon)
{
        listeners_tell(&daemon->listeners, "ready");
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        log_limit_fini(&daemon->log_limit);
        ending_tell(daemon);
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
        (void)ctx;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

/* Ends the parts, the last first. */
static void stop(struct daemon *daemon)
{
        reload_wait(daemon);
        socketmap_server_free(daemon->server);
        listeners_close(&daemon->listeners);
        upkeep_stop(&daemon->upkeep);
        uv_walk(&daemon->loop, close_handle, NULL);
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        maps_close(daemon->maps); /* a reload may have looked at them */
        uv_loop_close(&daemon->loop);
}

static int serve_opened(struct daemon *daemon, struct opened *opened)
{
        int status;
        int r = uv_loop_init(&daemon->loop);

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s",
                        uv_strerror(r));
                return EX_OSERR;
        }
        log_limit_init(&daemon->log_limit, &daemon->loop);
        status = start(daemon, opened);
        if (status == EX_OK)
                run(daemon);
        stop(daemon);
        return status;
}

int serve(const char *file)
{
        struct report report = {.say = log_finding};
        struct daemon daemon = {.file = file};
        struct opened opened;
        int status;

        /* Big tables take their time; a handler is there when they are read. */
        signal(SIGHUP, SIG_IGN);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGPIPE, SIG_IGN); /* whoever read the log may be gone */
        status = opened_read(&opened, file, &report);
        if (status == EX_OK)
                status = opened_open(&opened, &daemon, true, &report);
        if (status == EX_OK)
                status = serve_opened(&daemon, &opened);
        opened_close(&opened);
        config_free(daemon.config);
        return status;
}
