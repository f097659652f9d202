/* SPDX-License-Identifier: MIT */
#include "tables/exec/log.h"
#include "base/events.h"
#include <stdio.h>

/* As a finding, its bytes are safe to be shown. */
static void pass_on(void *ctx, enum severity severity, const char *line)
{
        const struct exec_log *log = ctx;

        (void)severity;
        log->watcher->said(log->map != NULL ? log->map : "", line);
}

void exec_log_fini(struct exec_log *log)
{
        struct report report = {.say = pass_on, .ctx = log};

        if (log->left_out > 0)
                report_at(&report, SEVERITY_WARNING, NULL,
                        "exec:%s: %u lines left out", log->file, log->left_out);
        log->left_out = 0;
}

void exec_log_say(struct exec_log *log, pid_t pid, const char *format, ...)
{
        struct report report = {.say = pass_on, .ctx = log};
        char text[1000];
        uint64_t now = events_now();
        va_list arguments;

        if (log->watcher == NULL)
                return;
        if (now >= log->until) {
                exec_log_fini(log);
                log->until = now + EXEC_LOG_TIME;
                log->lines = 0;
        }
        if (log->lines == EXEC_LOG_LINES) {
                log->left_out++;
                return;
        }
        log->lines++;
        va_start(arguments, format);
        if (vsnprintf(text, sizeof(text), format, arguments) < 0)
                text[0] = '\0';
        va_end(arguments);
        report_at(&report, SEVERITY_WARNING, NULL, "exec:%s[%d]: %s", log->file,
                (int)pid, text);
}
