/* SPDX-License-Identifier: MIT */
#include "daemon/charge.h"

#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds. */
#define SETTLE_TIME 200 /* a change is rarely alone */
#define HOT_TIME 500    /* until a file that has just changed is seen again */
#define RETRY_TIME 1000 /* doubled each time, up to: */
#define RETRY_TIME_MAX 30000
#define IDLE_TIME 30000 /* what cannot be watched is seen by looking */

static void look(uv_timer_t *timer);

static void look_in(struct charge *charge, uint64_t time)
{
        uv_timer_start(&charge->timer, look, time, 0);
}

static void on_change(struct watch_file *file)
{
        struct charge *charge = file->owner;

        charge->was_noticed = true;
        if (!charge->is_working &&
                uv_timer_get_due_in(&charge->timer) > SETTLE_TIME)
                look_in(charge, SETTLE_TIME);
}

static void unwatch(struct charge *charge)
{
        for (size_t i = 0; i < charge->file_count; i++)
                watch_remove(&charge->host->watch, &charge->files[i]);
        free(charge->files);
        charge->files = NULL;
        charge->file_count = 0;
}

static bool is_watched(const struct charge *charge, const struct table *table)
{
        if (charge->file_count != table->file_count)
                return false;
        for (size_t i = 0; i < table->file_count; i++)
                if (strcmp(charge->files[i].path, table->files[i].name) != 0)
                        return false;
        return true;
}

/*
 * Watches the files of what the map answers from. Returns whether that is new:
 * then they may have changed before.
 */
static bool watch_table(struct charge *charge, const struct table *table)
{
        size_t i;

        if (!map_get_options(charge->map)->auto_reload ||
                is_watched(charge, table))
                return false;
        unwatch(charge);
        charge->files = calloc(table->file_count, sizeof(*charge->files));
        if (charge->files == NULL)
                return false;
        for (i = 0; i < table->file_count; i++)
                if (watch_add(&charge->host->watch, &charge->files[i],
                            table->files[i].name, on_change, charge) < 0)
                        break;
        charge->file_count = i;
        return true;
}

__attribute__((format(printf, 3, 4))) static void say(
        const struct charge *charge, enum config_log_level level,
        const char *format, ...)
{
        char text[1000];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        log_say(CONFIG_AREA_TABLE, level, "map %s %s",
                map_get_options(charge->map)->name, text);
}

/* On the thread that reads. One table must not fill the log. */
static void add_finding(void *ctx, enum severity severity, const char *line)
{
        struct findings *findings = ctx;

        (void)severity;
        if (findings->count < FINDINGS_MAX)
                findings->lines[findings->count] = strdup(line);
        findings->count++;
}

static void work(uv_work_t *request)
{
        struct charge *charge = request->data;
        struct report report = {.say = add_finding, .ctx = &charge->findings};

        refresh_run(&charge->refresh, &report);
}

/* What was found while reading is told with what came of it, not each time. */
static void say_findings(struct charge *charge)
{
        struct findings *findings = &charge->findings;

        for (size_t i = 0; i < findings->count && i < FINDINGS_MAX; i++)
                if (findings->lines[i] != NULL)
                        log_say(CONFIG_AREA_TABLE, CONFIG_LOG_WARNING, "%s",
                                findings->lines[i]);
        if (findings->count > FINDINGS_MAX)
                say(charge, CONFIG_LOG_WARNING, "has %zu more such findings",
                        findings->count - FINDINGS_MAX);
}

static void free_findings(struct findings *findings)
{
        for (size_t i = 0; i < FINDINGS_MAX; i++)
                free(findings->lines[i]);
        *findings = (struct findings){0};
}

/* Says a failure, once. */
static void tell(struct charge *charge, const char *what)
{
        const struct reason *reason = &charge->refresh.reason;

        if (strcmp(reason->text, charge->told) == 0)
                return;
        snprintf(charge->told, sizeof(charge->told), "%s", reason->text);
        map_count_failure(charge->map);
        say_findings(charge);
        say(charge, CONFIG_LOG_WARNING, "%s: %s", what, reason->text);
}

/* The former content stays referenced by the refresh. */
static void adopt(struct charge *charge)
{
        content_unref(map_adopt(charge->map, charge->refresh.content));
        charge->refresh.content = NULL;
}

static uint64_t retry_time(unsigned failures)
{
        uint64_t time = RETRY_TIME;

        while (--failures > 0 && time < RETRY_TIME_MAX)
                time *= 2;
        return time < RETRY_TIME_MAX ? time : RETRY_TIME_MAX;
}

/*
 * What answers goes on with what it has. A file that is just being replaced is
 * no failure yet: the second one in a row is.
 */
static uint64_t conclude_failed(struct charge *charge)
{
        struct refresh *refresh = &charge->refresh;

        charge->failures++;
        if (refresh->former->table != NULL) {
                if (charge->failures > 1)
                        tell(charge, "keeps what it has");
        } else if (refresh->content != NULL) {
                tell(charge, "answers TEMP");
                adopt(charge);
        }
        return retry_time(charge->failures);
}

static uint64_t conclude_shrunk(struct charge *charge)
{
        if (refused_set(&charge->refused, charge->refresh.content) < 0)
                return RETRY_TIME_MAX;
        tell(charge, "keeps what it has until SIGHUP");
        return IDLE_TIME;
}

static void recover(struct charge *charge)
{
        charge->failures = 0;
        charge->told[0] = '\0';
        refused_fini(&charge->refused);
}

static void say_entries(const struct charge *charge, const char *what)
{
        const struct table *table = charge->refresh.content->table;

        if (table->entries == SIZE_MAX)
                say(charge, CONFIG_LOG_INFO, "%s", what);
        else
                say(charge, CONFIG_LOG_INFO, "%s: %zu entries", what,
                        table->entries);
}

static uint64_t conclude_new(struct charge *charge)
{
        struct refresh *refresh = &charge->refresh;
        bool is_newly_watched;

        is_newly_watched = watch_table(charge, refresh->content->table);
        recover(charge);
        if (!refresh->is_repeat)
                say_findings(charge);
        if (refresh->former->table == NULL)
                say_entries(charge, "answers");
        else if (!refresh->is_repeat)
                say_entries(charge, "was read again");
        adopt(charge);
        if (!charge->is_noticed && !refresh->is_repeat)
                for (size_t i = 0; i < charge->file_count; i++)
                        watch_renew(&charge->files[i]);
        return is_newly_watched ? SETTLE_TIME : IDLE_TIME;
}

static uint64_t conclude_same(struct charge *charge)
{
        if (charge->failures > 1)
                say(charge, CONFIG_LOG_INFO, "is up to date again");
        charge->failures = 0;
        if (charge->refused.count == 0)
                charge->told[0] = '\0';
        return IDLE_TIME;
}

/* Returns when to look next. */
static uint64_t conclude(struct charge *charge)
{
        switch (charge->refresh.result) {
        case REFRESH_SAME:
                return conclude_same(charge);
        case REFRESH_HOT:
                return HOT_TIME;
        case REFRESH_FAILED:
                return conclude_failed(charge);
        case REFRESH_SHRUNK:
                return conclude_shrunk(charge);
        case REFRESH_NEW:
                return conclude_new(charge);
        }
        return IDLE_TIME;
}

/* The last reference closes the table: not on the loop's thread. */
static void let_go(uv_work_t *request)
{
        struct charge *charge = request->data;

        map_unref(charge->map);
}

static void free_charge(uv_work_t *request, int status)
{
        struct charge *charge = request->data;

        (void)status;
        charge->host->charges--;
        free(charge);
}

static void end_if_done(struct charge *charge)
{
        if (charge->is_working || !charge->is_closed)
                return;
        refused_fini(&charge->refused);
        uv_queue_work(charge->timer.loop, &charge->work, let_go, free_charge);
}

/* Waits for the next look: by the clock, or sooner when the watch says so. */
static void rest(uv_work_t *request, int status)
{
        struct charge *charge = request->data;

        (void)status;
        refresh_fini(&charge->refresh); /* when no thread was to do it */
        free_findings(&charge->findings);
        charge->is_working = false;
        if (charge->is_stopped)
                end_if_done(charge);
        else if (charge->was_noticed)
                look_in(charge, SETTLE_TIME);
        else if (charge->file_count > 0 || charge->next_look != IDLE_TIME)
                look_in(charge, charge->next_look);
}

static void free_refresh(uv_work_t *request)
{
        struct charge *charge = request->data;

        refresh_fini(&charge->refresh);
}

static void on_worked(uv_work_t *request, int status)
{
        struct charge *charge = request->data;

        (void)status;
        if (!charge->is_stopped) {
                charge->next_look = conclude(charge);
                if (charge->refresh.result != REFRESH_HOT)
                        charge->is_noticed = false;
        }
        if (charge->refresh.result == REFRESH_SAME)
                rest(request, 0); /* the map still has the content */
        else
                uv_queue_work(charge->timer.loop, request, free_refresh, rest);
}

static void look(uv_timer_t *timer)
{
        struct charge *charge = timer->data;

        charge->is_noticed = charge->is_noticed || charge->was_noticed;
        charge->was_noticed = false;
        charge->refresh = (struct refresh){
                .map = charge->map,
                .former = map_get_content(charge->map),
                .refused = &charge->refused,
        };
        charge->is_working = true;
        uv_queue_work(timer->loop, &charge->work, work, on_worked);
}

struct charge *charge_start(struct charge_host *host, struct map *map)
{
        struct charge *charge = calloc(1, sizeof(*charge));
        struct content *content;

        if (charge == NULL)
                return NULL;
        host->charges++;
        charge->map = map_ref(map);
        charge->host = host;
        charge->work.data = charge;
        uv_timer_init(host->watch.loop, &charge->timer);
        charge->timer.data = charge;
        content = map_get_content(map);
        if (content->table == NULL) {
                snprintf(charge->told, sizeof(charge->told), "%s",
                        content->reason.text);
                look_in(charge, RETRY_TIME);
        } else if (watch_table(charge, content->table)) {
                look_in(charge, SETTLE_TIME);
        } else if (content_is_hot(content)) {
                /* It may be half a file, also of those not read again. */
                look_in(charge, HOT_TIME);
        }
        content_unref(content);
        return charge;
}

static void on_closed(uv_handle_t *handle)
{
        struct charge *charge = handle->data;

        charge->is_closed = true;
        end_if_done(charge);
}

void charge_stop(struct charge *charge)
{
        charge->is_stopped = true;
        unwatch(charge);
        if (charge->is_working)
                uv_cancel((uv_req_t *)&charge->work);
        uv_close((uv_handle_t *)&charge->timer, on_closed);
}
