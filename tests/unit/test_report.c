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

/* Keeps both lines of a quote. */
static void say_both(void *ctx, enum severity severity, const char *line)
{
        char *both = ctx;

        CHECK_INT(severity, SEVERITY_QUOTE);
        snprintf(both + strlen(both), 400 - strlen(both), "%s\n", line);
}

static const char *quote(const char *line, size_t size, size_t column)
{
        static char both[400];
        struct report report = {.say = say_both, .ctx = both};

        both[0] = '\0';
        report_quote(&report, (struct span){line, size}, column);
        CHECK_INT(report.errors, 0);
        return both;
}

static void test_quote(void)
{
        char line[200];

        CHECK_STR(quote("mode = 9", 8, 8), "    mode = 9\n           ^\n");
        CHECK_STR(quote("mode", 4, 5), "    mode\n        ^\n");
        CHECK_STR(quote("", 0, 1), "    \n    ^\n");
        CHECK_STR(quote("a\tb", 3, 3), "    a\tb\n     \t^\n");
        CHECK_STR(quote("\xc3\xa4=x", 4, 4), "    \xc3\xa4=x\n      ^\n");
        CHECK_STR(quote("\xff\0\033x", 4, 4), "    ???x\n       ^\n");
        memset(line, 'x', sizeof(line));
        line[99] = '!';
        CHECK_STR(quote(line, sizeof(line), 100),
                "    ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!"
                "xxxxxxxxxxxxxxxxxxxxxxx...\n"
                "                                                       ^\n");
        line[199] = '!';
        CHECK_STR(quote(line, sizeof(line), 200),
                "    ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                "xxxxxxxxxxxxxxxxxxxxx!\n"
                "                                                         "
                "                     ^\n");
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
        RUN(test_quote);
        RUN(test_errno);
        return check_done();
}
