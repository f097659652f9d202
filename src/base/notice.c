/* SPDX-License-Identifier: MIT */
#include "base/notice.h"
#include "base/report.h"
#include <stdio.h>
#include <stdlib.h>

static void (*listener)(const char *line);

void notice_open(void (*say)(const char *line))
{
        listener = say;
}

static void pass_on(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        listener(line);
}

void notice_say(const char *format, ...)
{
        struct report report = {.say = pass_on};
        char *text = NULL;
        va_list arguments;
        int size;

        if (listener == NULL)
                return;
        va_start(arguments, format);
        size = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (size < 0)
                return;
        report_at(&report, SEVERITY_WARNING, NULL, "%s", text);
        free(text);
}
