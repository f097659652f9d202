/* SPDX-License-Identifier: MIT */
#include "daemon/ending.h"

#include "daemon/daemon.h"
#include "daemon/notify.h"

static void end_at_once(struct daemon *daemon)
{
        daemon->ends_at_once = true;
        uv_stop(&daemon->loop);
}

static void on_timeout(uv_timer_t *timer)
{
        struct daemon *daemon = timer->data;
        uint64_t left = socketmap_server_get_count(
                daemon->server, SOCKETMAP_COUNT_CONNECTIONS);

        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_WARNING,
                "%llu connections were not done in time",
                (unsigned long long)left);
        end_at_once(daemon);
}

/* Connections that are given away have as long as others to get done. */
static void limit_time(struct daemon *daemon)
{
        uint64_t timeout = daemon->config->server.drain_timeout;

        uv_timer_init(&daemon->loop, &daemon->end_timer);
        daemon->end_timer.data = daemon;
        if (timeout > 0)
                uv_timer_start(&daemon->end_timer, on_timeout, timeout, 0);
}

void ending_begin(struct daemon *daemon, const char *why)
{
        bool is_first = daemon->end_reason == NULL;

        daemon->end_reason = why;
        if (!is_first) {
                end_at_once(daemon);
                return;
        }
        notify_stopping();
        control_stop(&daemon->control);
        daemon->stores = !daemon->is_single && fdstore_is_there();
        if (daemon->stores) {
                fdstore_give(&daemon->fdstore, daemon->server, daemon->config);
                limit_time(daemon);
        } else {
                socketmap_server_drain(daemon->server,
                        (unsigned)daemon->config->server.drain_timeout);
        }
}

void ending_go(void *ctx)
{
        struct daemon *daemon = ctx;

        daemon->end_reason = "a takeover";
        control_give(&daemon->control);
        limit_time(daemon);
}

void ending_settle(struct daemon *daemon)
{
        if (daemon->stores)
                fdstore_settle(&daemon->fdstore);
        control_settle(&daemon->control);
}

void ending_tell(const struct daemon *daemon)
{
        uint64_t requests = socketmap_server_get_count(
                daemon->server, SOCKETMAP_COUNT_REQUESTS);

        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO,
                "stopped %sby %s after %llu requests",
                daemon->ends_at_once ? "at once " : "", daemon->end_reason,
                (unsigned long long)requests);
}
