/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include "base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        fprintf(stderr, "socketmap: %s\n", line);
}

void complain(const char *format, ...)
{
        struct report report = {.say = say};
        char text[1000];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        report_at(&report, SEVERITY_ERROR, NULL, "%s", text);
}

int map_split(char *text, const char **ret_endpoint, const char **ret_name)
{
        char *colon = strrchr(text, ':');

        if (colon == NULL) {
                complain("%s: expected ENDPOINT:NAME", text);
                return -EINVAL;
        }
        if (strchr(colon, ' ') != NULL) {
                complain("%s: the name of a map can't hold a space", text);
                return -EINVAL;
        }
        *colon = '\0';
        *ret_endpoint = text;
        *ret_name = colon + 1;
        return 0;
}

int seconds_parse(char option, const char *text, unsigned *ret_milliseconds)
{
        char *end;
        double seconds = strtod(text, &end);

        if (end == text || *end != '\0' ||
                !(seconds >= 0.001 && seconds <= 86400)) {
                complain("-%c %s: expected seconds, 0.001 to 86400", option,
                        text);
                return -EINVAL;
        }
        *ret_milliseconds = (unsigned)(seconds * 1000 + 0.5);
        return 0;
}

int count_parse(
        char option, const char *text, uint64_t max, uint64_t *ret_count)
{
        char *end;
        unsigned long long count;

        errno = 0;
        count = strtoull(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
                count < 1 || count > max) {
                complain("-%c %s: expected a number, 1 to %llu", option, text,
                        (unsigned long long)max);
                return -EINVAL;
        }
        *ret_count = count;
        return 0;
}
