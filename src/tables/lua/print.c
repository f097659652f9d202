/* SPDX-License-Identifier: MIT */
#include "tables/lua/print.h"
#include "base/events.h"

#define LINES_A_SECOND 10

void lua_print_init(struct lua_print *print,
        const struct table_watcher *watcher, const char *name)
{
        *print = (struct lua_print){.watcher = watcher, .name = name};
        pthread_mutex_init(&print->mutex, NULL);
}

static void tell(void *ctx, enum severity severity, const char *line)
{
        const struct lua_print *print = ctx;

        (void)severity;
        print->watcher->said(print->name, line);
}

/* The mutex is locked, or nobody else is there. */
static void tell_left_out(struct lua_print *print)
{
        struct report report = {.say = tell, .ctx = print};

        if (print->left_out > 0)
                report_at(&report, SEVERITY_WARNING, NULL,
                        "%u more lines left out", print->left_out);
        print->left_out = 0;
}

void lua_print_fini(struct lua_print *print)
{
        tell_left_out(print);
        pthread_mutex_destroy(&print->mutex);
}

/* The mutex is locked. */
static void count_line(struct lua_print *print, const char *line)
{
        struct report report = {.say = tell, .ctx = print};
        uint64_t second = events_now() / 1000;

        if (second != print->second) {
                print->second = second;
                print->lines = 0;
                tell_left_out(print);
        }
        if (print->lines == LINES_A_SECOND) {
                print->left_out++;
                return;
        }
        print->lines++;
        report_at(&report, SEVERITY_WARNING, NULL, "%s", line);
}

void lua_print_line(struct lua_print *print, const char *line)
{
        if (print->watcher == NULL)
                return;
        pthread_mutex_lock(&print->mutex);
        count_line(print, line);
        pthread_mutex_unlock(&print->mutex);
}
