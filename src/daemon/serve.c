/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/descriptors.h"
#include "daemon/ending.h"
#include "daemon/maps.h"
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
        daemon->listeners.server = daemon->server;
        daemon->listeners.loop = &daemon->loop;
        daemon->listeners.log_limit = &daemon->log_limit;
        socketmap_server_set_log(
                daemon->server, log_limited, &daemon->log_limit);
        socketmap_server_on_idle(daemon->server, on_idle, daemon);
        return signals_start(daemon);
}

/* Opens the maps and puts them into place. Returns an exit status. */
static int install_maps(struct daemon *daemon)
{
        struct report report = {.say = log_finding};
        struct socketmap_maps *set;
        int r;

        daemon->maps = maps_open(daemon->config, NULL, &report, &r);
        if (daemon->maps == NULL)
                return r == -EINVAL ? EX_CONFIG : EX_OSERR;
        set = maps_select(daemon->maps, NULL);
        r = socketmap_server_set_maps(daemon->server, set);
        socketmap_maps_free(set);
        if (r < 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", strerror(-r));
        return r < 0 ? EX_OSERR : EX_OK;
}

/* Opens the listeners and puts them into place. Returns an exit status. */
static int install_listeners(struct daemon *daemon)
{
        struct report report = {.say = log_finding};
        struct listeners_change *change;
        int status;

        change = listeners_open(
                &daemon->listeners, daemon->config, &report, &status);
        if (change == NULL)
                return status;
        if (listeners_commit(change, daemon->config, daemon->maps) < 0)
                return EX_OSERR;
        return EX_OK;
}

/* Puts the configuration into force. Returns an exit status. */
static int start(struct daemon *daemon)
{
        int status, r = set_up(daemon);

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", strerror(-r));
                return EX_OSERR;
        }
        status = install_maps(daemon);
        if (status != EX_OK)
                return status;
        descriptors_provide(daemon->server);
        return install_listeners(daemon);
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
        socketmap_server_free(daemon->server);
        listeners_close(&daemon->listeners);
        maps_close(daemon->maps);
        uv_walk(&daemon->loop, close_handle, NULL);
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        uv_loop_close(&daemon->loop);
}

static int serve_config(struct daemon *daemon)
{
        int status;
        int r = uv_loop_init(&daemon->loop);

        if (r < 0) {
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s",
                        uv_strerror(r));
                return EX_OSERR;
        }
        log_limit_init(&daemon->log_limit, &daemon->loop);
        status = start(daemon);
        if (status == EX_OK)
                run(daemon);
        stop(daemon);
        return status;
}

int serve(const char *file)
{
        struct report report = {.say = log_finding};
        struct daemon daemon = {.file = file};
        int status;

        /* Big tables take their time; a handler is there when they are read. */
        signal(SIGHUP, SIG_IGN);
        daemon.config = config_read(file, &report);
        if (daemon.config == NULL)
                return EX_CONFIG;
        status = serve_config(&daemon);
        config_free(daemon.config);
        return status;
}
