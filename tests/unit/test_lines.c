/* SPDX-License-Identifier: MIT */
#include "base/lines.h"
#include "support/check.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char said[4000];

/* Collects the findings, one a line. */
static void say(void *ctx, enum severity severity, const char *line)
{
        size_t used = strlen(said);

        (void)ctx;
        (void)severity;
        snprintf(said + used, sizeof(said) - used, "%s\n", line);
}

static struct report report = {.say = say};

/* Reads all logical lines of a text, written as "LINE:<...>". */
static const char *read_all(struct span text)
{
        static char result[8000];
        struct reason reason;
        struct lines *lines = lines_open_text("f", text, &reason);
        size_t used = 0, size;
        char *line;

        said[0] = result[0] = '\0';
        while (lines_next(lines, &report, &line, &size, &reason) == 1) {
                CHECK(strlen(line) == size);
                used += (size_t)snprintf(result + used, sizeof(result) - used,
                        "%zu:<%s>", lines_place(lines, 0).line, line);
        }
        lines_close(lines);
        return result;
}

#define CHECK_LINES(text, expected, findings)                      \
        do {                                                       \
                CHECK_STR(read_all(SPAN_LITERAL(text)), expected); \
                CHECK_STR(said, findings);                         \
        } while (0)

static void test_simple(void)
{
        CHECK_LINES("", "", "");
        CHECK_LINES("\n\n", "", "");
        CHECK_LINES("a\nb", "1:<a>2:<b>", "");
        CHECK_LINES("a\r\nb \t\r\n", "1:<a>2:<b>", "");
        CHECK_LINES("a b # c\n", "1:<a b # c>", "");
}

static void test_comments(void)
{
        CHECK_LINES("# x\na\n # y\n\nb\n#", "2:<a>5:<b>", "");
        CHECK_LINES("a\n# x\n b\n\n \n  # y\n\tc\n", "1:<a b\tc>", "");
}

static void test_continuations(void)
{
        CHECK_LINES("a one\n  two\n", "1:<a one  two>", "");
        CHECK_LINES("a \r\n b \r\nc", "1:<a \r b>3:<c>", "");
        CHECK_LINES("a\n\vb\n\fc\n\rd\n", "1:<a\vb\fc\rd>", "");
}

static void test_continuation_of_nothing(void)
{
        CHECK_LINES("#\n a\n b\nc\n", "4:<c>",
                "f:2:1: begins with white space but continues nothing: line "
                "ignored\n");
}

static void test_nul(void)
{
        CHECK_LINES("a b\0c\nd\n", "1:<a b>2:<d>",
                "f:1:4: NUL byte: the rest of the line is ignored\n");
        CHECK_LINES("a\n b \0\n c\n", "1:<a b>",
                "f:2:4: NUL byte: the rest of the line is ignored\n");
}

static void test_places(void)
{
        static const char text[] = "#\nab\n# x\n cd\n\n  e\n";
        struct reason reason;
        struct lines *lines = lines_open_text("f", span_of(text), &reason);
        static const struct {
                size_t offset, line, column;
        } cases[] = {{0, 2, 1}, {1, 2, 2}, {2, 4, 1}, {4, 4, 3}, {5, 6, 1},
                {8, 6, 4}};
        size_t size;
        char *line;

        CHECK_INT(lines_next(lines, NULL, &line, &size, &reason), 1);
        CHECK_STR(line, "ab cd  e");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct place place = lines_place(lines, cases[i].offset);

                CHECK_STR(place.file, "f");
                CHECK_INT(place.line, cases[i].line);
                CHECK_INT(place.column, cases[i].column);
        }
        lines_close(lines);
}

/* Lines that end before, at and behind the ends of reads. */
static void test_file(void)
{
        char file[] = "/tmp/test_lines.XXXXXX";
        struct reason reason;
        size_t size, expected, count = 0;
        struct lines *lines;
        FILE *out;
        char *line;

        out = fdopen(mkstemp(file), "w");
        for (size_t i = 1; i < 300000; i = i * 3 / 2 + 1)
                fprintf(out, "%0*d\n %s", (int)i, 7, i % 2 ? "x\n" : "\n");
        fclose(out);
        lines = lines_open(file, &reason);
        for (size_t i = 1; i < 300000; i = i * 3 / 2 + 1, count++) {
                CHECK_INT(lines_next(lines, NULL, &line, &size, &reason), 1);
                expected = i + (i % 2 ? 2 : 0);
                CHECK_INT(size, expected);
                CHECK_INT(line[i - 1], '7');
        }
        CHECK_INT(lines_next(lines, NULL, &line, &size, &reason), 0);
        CHECK_INT(lines_next(lines, NULL, &line, &size, &reason), 0);
        lines_close(lines);
        unlink(file);
}

static void test_errors(void)
{
        struct reason reason;
        struct lines *lines = lines_open("/nonexistent/x", &reason);
        size_t size;
        char *line;

        CHECK(lines == NULL);
        CHECK_INT(reason.code, -ENOENT);
        CHECK_STR(reason.text, "/nonexistent/x: No such file or directory");
        CHECK(lines_open("/tmp", &reason) == NULL);
        CHECK_INT(reason.code, -EISDIR);
        CHECK_STR(reason.text, "/tmp: Is a directory");
        CHECK(lines_open("/dev/zero", &reason) == NULL);
        CHECK_INT(reason.code, -EBADMSG);
        CHECK_STR(reason.text, "/dev/zero: not a regular file");
        lines = lines_open("/dev/null", &reason);
        CHECK_INT(lines_next(lines, NULL, &line, &size, &reason), 0);
        lines_close(lines);
        lines_close(NULL);
}

/* To wait for somebody to write would be for ever. */
static void test_pipe(void)
{
        char directory[] = "/tmp/test_lines-XXXXXX", file[64];
        struct reason reason;

        CHECK(mkdtemp(directory) != NULL);
        snprintf(file, sizeof(file), "%s/pipe", directory);
        CHECK_INT(mkfifo(file, 0600), 0);
        alarm(10);
        CHECK(lines_open(file, &reason) == NULL);
        alarm(0);
        CHECK_INT(reason.code, -EBADMSG);
        unlink(file);
        rmdir(directory);
}

int main(void)
{
        RUN(test_simple);
        RUN(test_comments);
        RUN(test_continuations);
        RUN(test_continuation_of_nothing);
        RUN(test_nul);
        RUN(test_places);
        RUN(test_file);
        RUN(test_errors);
        RUN(test_pipe);
        return check_done();
}
