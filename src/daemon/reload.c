/* SPDX-License-Identifier: MIT */
#include "daemon/reload.h"

#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/maps.h"
#include "daemon/notify.h"
#include "daemon/opened.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct reload {
        uv_work_t work;
        struct daemon *daemon;
        struct opened opened;
        int status;
};

static void tell_failure(const char *why)
{
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_ERROR,
                "not reloaded, all stays as it was: %s", why);
}

/* Runs on another thread. */
static void open_it(uv_work_t *work)
{
        struct reload *reload = work->data;
        struct report report = {.say = log_finding};

        reload->status =
                opened_read(&reload->opened, reload->daemon->file, &report);
        if (reload->status == EX_OK)
                reload->status = opened_open(&reload->opened, reload->daemon,
                        !reload->daemon->is_single, &report);
}

static bool is_other(const char *a, const char *b)
{
        if (a == NULL || b == NULL)
                return a != b;
        return strcmp(a, b) != 0;
}

/* Says what only a restart takes. */
static void tell_ignored(
        const struct config_server *now, const struct config_server *next)
{
        const struct {
                const char *name, *now, *next;
        } options[] = {
                {"user", now->user.name, next->user.name},
                {"group", now->group.name, next->group.name},
                {"control", now->control, next->control},
        };

        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
                if (is_other(options[i].now, options[i].next))
                        log_say(CONFIG_AREA_CONFIG, CONFIG_LOG_WARNING,
                                "[server] %s has changed: a restart takes it",
                                options[i].name);
}

static void commit(struct reload *reload)
{
        struct daemon *daemon = reload->daemon;

        tell_ignored(&daemon->config->server, &reload->opened.config->server);
        if (opened_commit(&reload->opened, daemon) < 0)
                return;
        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO, "reloaded %zu maps",
                daemon->maps->count);
        notify_status("serves %zu maps", daemon->maps->count);
}

static void finish(uv_work_t *work, int status)
{
        struct reload *reload = work->data;
        struct daemon *daemon = reload->daemon;
        bool again = daemon->reload_again;

        (void)status;
        daemon->reload = NULL;
        daemon->reload_again = false;
        if (daemon->end_reason != NULL) {
                opened_close(&reload->opened);
                free(reload);
                return;
        }
        if (reload->status == EX_OK)
                commit(reload);
        else
                tell_failure("see above");
        free(reload);
        notify_ready();
        if (again)
                reload_begin(daemon);
}

void reload_begin(struct daemon *daemon)
{
        struct reload *reload;
        int r;

        if (daemon->end_reason != NULL)
                return;
        if (daemon->reload != NULL) {
                daemon->reload_again = true;
                return;
        }
        reload = calloc(1, sizeof(*reload));
        if (reload == NULL) {
                tell_failure(strerror(ENOMEM));
                return;
        }
        reload->daemon = daemon;
        reload->work.data = reload;
        notify_reloading();
        r = uv_queue_work(&daemon->loop, &reload->work, open_it, finish);
        if (r < 0) {
                tell_failure(uv_strerror(r));
                notify_ready();
                free(reload);
                return;
        }
        daemon->reload = reload;
}

void reload_wait(struct daemon *daemon)
{
        while (daemon->reload != NULL)
                uv_run(&daemon->loop, UV_RUN_ONCE);
}
