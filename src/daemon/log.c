/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINES_A_SECOND 10

void log_open(void)
{
        setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
}

void log_line(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        fputs("socketmapd: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
}

void log_finding(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        if (severity == SEVERITY_ERROR)
                fprintf(stderr, "%s\n", line);
        else
                log_line("warning: %s", line);
}

static void tell_left_out(struct log_limit *limit)
{
        if (limit->left_out > 0)
                log_line("%u similar lines left out", limit->left_out);
        limit->lines = 0;
        limit->left_out = 0;
}

static void end_second(uv_timer_t *second)
{
        tell_left_out(second->data);
}

void log_limit_init(struct log_limit *limit, uv_loop_t *loop)
{
        *limit = (struct log_limit){0};
        uv_timer_init(loop, &limit->second);
        limit->second.data = limit;
}

void log_limit_fini(struct log_limit *limit)
{
        tell_left_out(limit);
}

static const char *level_prefix(enum socketmap_log_level level)
{
        switch (level) {
        case SOCKETMAP_LOG_ERROR:
                return "error: ";
        case SOCKETMAP_LOG_WARNING:
                return "warning: ";
        case SOCKETMAP_LOG_INFO:
                break;
        }
        return "";
}

void log_limited(void *ctx, enum socketmap_log_level level, const char *line)
{
        struct log_limit *limit = ctx;

        if (limit->lines == LINES_A_SECOND) {
                limit->left_out++;
                return;
        }
        if (limit->lines++ == 0)
                uv_timer_start(&limit->second, end_second, 1000, 0);
        log_line("%s%s", level_prefix(level), line);
}
