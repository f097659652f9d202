/* SPDX-License-Identifier: MIT */
#include "daemon/opened.h"

#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/limits.h"
#include "daemon/maps.h"
#include "daemon/trace.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

int opened_read(struct opened *opened, const char *file, struct report *report)
{
        *opened = (struct opened){.config = config_read(file, report)};
        return opened->config != NULL ? EX_OK : EX_CONFIG;
}

static int open_all(struct opened *opened, struct daemon *daemon,
        bool with_listeners, struct report *report)
{
        int code, status = EX_OK;

        opened->maps = maps_open(
                opened->config, daemon->maps, daemon->events, report, &code);
        if (opened->maps == NULL)
                return code == -EINVAL ? EX_CONFIG : EX_OSERR;
        if (with_listeners)
                opened->change = listeners_open(
                        &daemon->listeners, opened->config, report, &status);
        return status;
}

int opened_open(struct opened *opened, struct daemon *daemon,
        bool with_listeners, struct report *report)
{
        int status = open_all(opened, daemon, with_listeners, report);

        if (status != EX_OK)
                opened_close(opened);
        return status;
}

void opened_close(struct opened *opened)
{
        listeners_abandon(opened->change);
        maps_close(opened->maps);
        config_free(opened->config);
        *opened = (struct opened){0};
}

static int set_maps(struct daemon *daemon, const struct maps *maps)
{
        struct socketmap_maps *set = maps_select(maps, NULL);
        int r = socketmap_server_set_maps(daemon->server, set);

        socketmap_maps_free(set);
        if (r < 0)
                log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR, "%s", strerror(-r));
        return r;
}

/* Lets the daemon have these, and hands back what it had. */
static void swap(struct opened *opened, struct daemon *daemon)
{
        struct opened former = {daemon->config, daemon->maps, NULL};

        daemon->config = opened->config;
        daemon->maps = opened->maps;
        *opened = former;
}

static void keep_maps(struct daemon *daemon)
{
        if (maps_keep(daemon->maps, &daemon->upkeep) < 0)
                log_say(CONFIG_AREA_TABLE, CONFIG_LOG_ERROR,
                        "not all maps are kept up to date: %s",
                        strerror(ENOMEM));
}

int opened_commit(struct opened *opened, struct daemon *daemon)
{
        struct listeners_change *change = opened->change;
        int r = set_maps(daemon, opened->maps);

        if (r < 0) {
                opened_close(opened);
                return r;
        }
        opened->change = NULL;
        swap(opened, daemon);
        log_configure(&daemon->config->log);
        if (trace_configure(&daemon->config->log.traces, daemon->maps) < 0)
                log_say(CONFIG_AREA_LOOKUP, CONFIG_LOG_ERROR, "trace: %s",
                        strerror(ENOMEM));
        limits_apply(daemon->server, &daemon->config->server);
        if (opened->maps != NULL)
                maps_inherit_counts(daemon->maps, opened->maps);
        if (change != NULL)
                r = listeners_commit(change, daemon->config, daemon->maps);
        opened_close(opened);
        /* The last to let the former maps go: see charge_stop. */
        keep_maps(daemon);
        return r;
}
