/* SPDX-License-Identifier: MIT */
#include "daemon/serve.h"

#include "config/config.h"
#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "maps/map.h"

#include <errno.h>
#include <signal.h>
#include <socketmap/uv.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* How long a drain may take before it closes what is left. */
#define DRAIN_TIMEOUT 10000

static const int signal_numbers[] = {SIGTERM, SIGINT, SIGHUP};

#define SIGNALS (sizeof(signal_numbers) / sizeof(signal_numbers[0]))

struct daemon {
        uv_loop_t loop;
        uv_signal_t signals[SIGNALS];
        struct log_limit log_limit;
        struct socketmap_server *server;
        int end_signal; /* the last that asked for an end, or 0 */
        bool ends_at_once;
};

static void end_by_signal(struct daemon *daemon, int number)
{
        if (daemon->end_signal == 0) {
                socketmap_server_drain(daemon->server, DRAIN_TIMEOUT);
        } else {
                daemon->ends_at_once = true;
                uv_stop(&daemon->loop);
        }
        daemon->end_signal = number;
}

static void on_signal(uv_signal_t *handle, int number)
{
        if (number == SIGHUP)
                log_line("warning: SIGHUP: a changed configuration or table "
                         "is read by a restart only");
        else
                end_by_signal(handle->data, number);
}

static void on_idle(struct socketmap_server *server, void *ctx)
{
        struct daemon *daemon = ctx;

        (void)server;
        uv_stop(&daemon->loop);
}

static int start_signals(struct daemon *daemon)
{
        int r = 0;

        for (size_t i = 0; i < SIGNALS && r == 0; i++) {
                uv_signal_t *handle = &daemon->signals[i];

                r = uv_signal_init(&daemon->loop, handle);
                if (r < 0)
                        break;
                handle->data = daemon;
                r = uv_signal_start(handle, on_signal, signal_numbers[i]);
        }
        return r;
}

static void free_map(void *ctx)
{
        map_close(ctx);
}

/* Adds a map to the set, or reports what is wrong with it. */
static int add_map(struct socketmap_maps *maps, struct report *report,
        const struct config_map *options)
{
        struct table_env env = {.report = report};
        struct reason reason;
        struct map *map =
                map_open(&env, options->name, options->table, &reason);

        if (map == NULL) {
                report_at(report, SEVERITY_ERROR, &options->table_place,
                        "table: %s", reason.text);
                return reason.code;
        }
        return socketmap_maps_add(
                maps, options->name, map_lookup, map, free_map, map_flags(map));
}

/* Returns an exit status. */
static int set_maps(struct daemon *daemon, const struct config *config)
{
        struct report report = {.say = log_finding};
        struct socketmap_maps *maps = socketmap_maps_new();
        const struct config_map *map;
        int r = maps == NULL ? -ENOMEM : 0;

        for (map = config->maps; map != NULL && r == 0; map = map->next)
                r = add_map(maps, &report, map);
        if (r == 0)
                r = socketmap_server_set_maps(daemon->server, maps);
        socketmap_maps_free(maps);
        if (r < 0 && report.errors == 0)
                log_line("error: %s", strerror(-r));
        if (r < 0)
                return r == -EINVAL ? EX_CONFIG : EX_OSERR;
        return EX_OK;
}

/* Logs why the server has no listener, returns the exit status. */
static int tell_listen_error(const struct daemon *daemon,
        const struct config_listener *listener, int code)
{
        struct socketmap_error error;

        if (!socketmap_server_get_error(daemon->server, &error))
                snprintf(error.text, sizeof(error.text), "%s: %s",
                        listener->endpoint.text, strerror(-code));
        log_line("error: [listen %s] %s", listener->name, error.text);
        return code == -EACCES || code == -EPERM ? EX_NOPERM : EX_UNAVAILABLE;
}

static int open_listeners(struct daemon *daemon, const struct config *config)
{
        struct socketmap_listen_options *options =
                socketmap_listen_options_new();
        const struct config_listener *listener;
        int status = EX_OK;
        int r;

        if (options == NULL) {
                log_line("error: %s", strerror(ENOMEM));
                return EX_OSERR;
        }
        for (listener = config->listeners; listener != NULL && status == EX_OK;
                listener = listener->next) {
                socketmap_listen_options_set_mode(options, listener->mode);
                r = socketmap_server_listen(
                        daemon->server, listener->endpoint.text, options);
                if (r < 0)
                        status = tell_listen_error(daemon, listener, r);
        }
        socketmap_listen_options_free(options);
        return status;
}

/* Says where clients may connect now: with the ports that were chosen. */
static void tell_ready(const struct daemon *daemon)
{
        char line[4096], *end = line;
        size_t room = sizeof(line);

        for (size_t n = 0;; n++) {
                int size = n == 0 ? 0 : snprintf(end, room, ", ");

                if (size < 0 || (size_t)size >= room ||
                        socketmap_server_get_endpoint(daemon->server, n,
                                end + size, room - (size_t)size) < 0) {
                        *end = '\0';
                        break;
                }
                room -= strlen(end);
                end += strlen(end);
        }
        log_line("ready: %s", line);
}

static void tell_end(const struct daemon *daemon)
{
        uint64_t requests = socketmap_server_get_count(
                daemon->server, SOCKETMAP_COUNT_REQUESTS);

        log_line("stopped %sby %s after %llu requests",
                daemon->ends_at_once ? "at once " : "",
                daemon->end_signal == SIGINT ? "SIGINT" : "SIGTERM",
                (unsigned long long)requests);
}

static int set_up(struct daemon *daemon, const struct config *config)
{
        int r = daemon->server == NULL ? -ENOMEM : start_signals(daemon);
        int status;

        if (r < 0) {
                log_line("error: %s", strerror(-r));
                return EX_OSERR;
        }
        status = set_maps(daemon, config);
        if (status != EX_OK)
                return status;
        socketmap_server_set_log(
                daemon->server, log_limited, &daemon->log_limit);
        socketmap_server_on_idle(daemon->server, on_idle, daemon);
        descriptors_provide(daemon->server);
        return open_listeners(daemon, config);
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
        (void)ctx;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

int serve(const struct config *config)
{
        struct daemon daemon = {0};
        int status;
        int r = uv_loop_init(&daemon.loop);

        if (r < 0) {
                log_line("error: %s", uv_strerror(r));
                return EX_OSERR;
        }
        log_limit_init(&daemon.log_limit, &daemon.loop);
        daemon.server = socketmap_server_new_uv(&daemon.loop);
        status = set_up(&daemon, config);
        if (status == EX_OK) {
                tell_ready(&daemon);
                uv_run(&daemon.loop, UV_RUN_DEFAULT);
                log_limit_fini(&daemon.log_limit);
                tell_end(&daemon);
        }
        socketmap_server_free(daemon.server);
        uv_walk(&daemon.loop, close_handle, NULL);
        uv_run(&daemon.loop, UV_RUN_DEFAULT);
        uv_loop_close(&daemon.loop);
        return status;
}
