/* SPDX-License-Identifier: MIT */
#include "base/report.h"
#include "support/check.h"
#include <errno.h>

static char said[1100];
static enum severity said_severity;

static void say(void *ctx, enum severity severity, const char *line)
{
        (*(int *)ctx)++;
        said_severity = severity;
        snprintf(said, sizeof(said), "%s", line);
}

static void test_places(void)
{
        int lines = 0;
        struct report report = {.say = say, .ctx = &lines};
        struct place place = {"/etc/x", 7, 3};

        report_at(&report, SEVERITY_ERROR, &place, "bad %s", "word");
        CHECK_STR(said, "/etc/x:7:3: bad word");
        place.column = 0;
        report_at(&report, SEVERITY_WARNING, &place, "odd");
        CHECK_STR(said, "/etc/x:7: odd");
        CHECK_INT(said_severity, SEVERITY_WARNING);
        place.line = 0;
        report_at(&report, SEVERITY_WARNING, &place, "odd");
        CHECK_STR(said, "/etc/x: odd");
        report_at(&report, SEVERITY_WARNING, NULL, "odd");
        CHECK_STR(said, "odd");
        CHECK_INT(report.errors, 1);
        CHECK_INT(lines, 4);
}

static void test_unprintable(void)
{
        struct reason reason;

        reason_set(&reason, "%s", "a\tb\nc\033[1m\177 \xc3\xa4 \xc2\x9b \xff");
        CHECK_STR(reason.text, "a?b?c?[1m? \xc3\xa4 ?? ?");
        CHECK_INT(reason.code, -EINVAL);
}

static void test_cut(void)
{
        int lines = 0;
        struct report report = {.say = say, .ctx = &lines};
        struct place place = {"f", 1, 1};
        struct reason reason;
        char text[3000];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        report_at(&report, SEVERITY_ERROR, &place, "%s", text);
        CHECK_INT(strlen(said), 1000);
        memcpy(text + 254, "\xc3\xa4", 2);
        reason_set(&reason, "%s", text);
        CHECK_INT(strlen(reason.text), 255);
        CHECK_STR(reason.text + 253, "x?");
}

static void test_errno(void)
{
        struct reason reason;

        reason_set_errno(&reason, -ENOENT, "file %d", 1);
        CHECK_STR(reason.text, "file 1: No such file or directory");
        CHECK_INT(reason.code, -ENOENT);
}

int main(void)
{
        RUN(test_places);
        RUN(test_unprintable);
        RUN(test_cut);
        RUN(test_errno);
        return check_done();
}
