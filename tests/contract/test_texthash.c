/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *directory;
static char *path;

/* Opens a table on a file with this text. */
static struct table *open_text(struct span text)
{
        struct reason reason;
        struct table *table;
        char *spec;

        free(path);
        path = write_file(directory, "table", text);
        spec = join("texthash:", path);
        table = open_table(spec, &reason);
        free(spec);
        if (table == NULL)
                printf("# %s\n", reason.text);
        return table;
}

#define OPEN(text) open_text(SPAN_LITERAL(text))

/* The findings, which name the file, against "LINE: text" lines. */
static void check_findings(const char *expected)
{
        char text[sizeof(findings)] = "";
        const char *at = findings;

        for (; *at != '\0'; at = strchr(at, '\n') + 1) {
                size_t size = strcspn(at, "\n") + 1;

                CHECK(strncmp(at, path, strlen(path)) == 0);
                strncat(text, at + strlen(path) + 1, size - strlen(path) - 1);
        }
        CHECK_STR(text, expected);
}

static void test_entries(void)
{
        struct table *table = OPEN("# people\r\n"
                                   "a@b.example\tx@y.example\r\n"
                                   "\r\n"
                                   "long one,\r\n"
                                   "# not seen\r\n"
                                   "  two  three \r\n"
                                   "A#B 1 # no comment");

        CHECK_STR(value_of(table, "A@B.Example"), "x@y.example");
        CHECK_STR(value_of(table, "long"), "one,\r  two  three");
        CHECK_STR(value_of(table, "a#b"), "1 # no comment");
        CHECK_STR(value_of(table, "#"), "ABSENT");
        check_findings("");
        table_close(table);
}

static void test_quoted_keys(void)
{
        struct table *table = OPEN("\"quo ted\"@x 1\n"
                                   "back\\ slash 2\n"
                                   "a\\\"b 3\n"
                                   "end\\\n");

        CHECK_STR(value_of(table, "\"QUO ted\"@x"), "1");
        CHECK_STR(value_of(table, "quo ted@x"), "ABSENT");
        CHECK_STR(value_of(table, "back\\ slash"), "2");
        CHECK_STR(value_of(table, "a\\\"b"), "3");
        check_findings("4: expected a key, white space and a value: line "
                       "ignored\n");
        table_close(table);
}

static void test_bad_lines(void)
{
        struct table *table = OPEN(" nothing before\n"
                                   "alone\n"
                                   "\"open 1\n"
                                   "b\xff 1\n"
                                   "alias: 2\n"
                                   "nul v\0x\n"
                                   "dup 1\n"
                                   "DUP\n"
                                   " 2\n"
                                   "good 3\n");

        CHECK_STR(value_of(table, "alone"), "ABSENT");
        CHECK_STR(value_of(table, "\"open"), "ABSENT");
        CHECK_STR(value_of(table, "alias:"), "2");
        CHECK_STR(value_of(table, "nul"), "v");
        CHECK_STR(value_of(table, "dup"), "1");
        CHECK_STR(value_of(table, "good"), "3");
        check_findings(
                "1:1: begins with white space but continues nothing: line "
                "ignored\n"
                "2: expected a key, white space and a value: line ignored\n"
                "3: unbalanced '\"' in the key: line ignored\n"
                "4: not UTF-8: line ignored\n"
                "5: the key ends in ':': is this an alias file?\n"
                "6:6: NUL byte: the rest of the line is ignored\n"
                "8: duplicate key \"dup\": the first one counts\n");
        table_close(table);
}

static void test_folding(void)
{
        struct table *table = OPEN("Straße 1\nΣίσυφος 2\n");

        CHECK_STR(value_of(table, "STRASSE"), "1");
        CHECK_STR(value_of(table, "ΣΊΣΥΦΟΣ"), "2");
        CHECK_STR(value_of(table, "stra\xff"), "ABSENT");
        table_close(table);
}

static void test_empty_file(void)
{
        struct table *table = OPEN("");

        CHECK_STR(value_of(table, "a"), "ABSENT");
        table_close(table);
}

static void test_many_entries(void)
{
        char *text = NULL, key[40], value[40];
        size_t size;
        FILE *file = open_memstream(&text, &size);
        struct table *table;

        for (int i = 0; i < 100000; i++)
                fprintf(file, "User%d@Example.org value%d\n", i, i);
        fclose(file);
        table = open_text((struct span){text, size});
        free(text);
        for (int i = 0; i < 100000; i++) {
                snprintf(key, sizeof(key), "uSER%d@example.org", i);
                snprintf(value, sizeof(value), "value%d", i);
                CHECK_STR(value_of(table, key), value);
        }
        CHECK_STR(value_of(table, "user100000@example.org"), "ABSENT");
        table_close(table);
}

static void test_unreadable(void)
{
        struct reason reason;
        char *loop = join(directory, "/loop"), *spec = join("texthash:", loop);

        CHECK_INT(symlink("loop", loop), 0);
        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, -ELOOP);
        free(spec);
        free(loop);
}

/* What is told of a line lets the test change the file while it is read. */
static struct table *open_changing(
        void (*say)(void *ctx, enum severity severity, const char *line),
        struct reason *ret_reason)
{
        struct report report = {.say = say};
        struct table_env env = {.report = &report};
        char *spec = join("texthash:", path);
        struct table *table = table_open(&env, spec, ret_reason);

        free(spec);
        return table;
}

static void replace(void *ctx, enum severity severity, const char *line)
{
        char *other = write_file(directory, "other", SPAN_LITERAL("a new\n"));

        (void)ctx;
        (void)severity;
        (void)line;
        CHECK_INT(rename(other, path), 0);
        free(other);
}

static void test_replaced_while_read(void)
{
        struct reason reason;
        struct table *table;

        table_close(OPEN("wrong\na old\n"));
        table = open_changing(replace, &reason);
        CHECK(table != NULL);
        if (table == NULL)
                return;
        CHECK_STR(value_of(table, "a"), "new");
        table_close(table);
}

static void add_line(void *ctx, enum severity severity, const char *line)
{
        FILE *file = fopen(path, "a");

        (void)ctx;
        (void)severity;
        (void)line;
        CHECK(file != NULL);
        if (file == NULL)
                return;
        fputs("a 1\n", file);
        fclose(file);
}

static void test_changing_all_the_time(void)
{
        struct reason reason;
        char *text;

        table_close(OPEN("wrong\n"));
        CHECK(open_changing(add_line, &reason) == NULL);
        text = join(path, ": changes while it is read");
        CHECK_STR(reason.text, text);
        CHECK_INT(reason.code, -EAGAIN);
        free(text);
}

/* What a reload needs to know. */
static void test_file(void)
{
        struct table *table = OPEN("a 1\nb 2\nA 3\n");
        struct file_state now;

        CHECK_INT(table->entries, 2);
        CHECK_INT(table->file_count, 1);
        CHECK_STR(table->files[0].name, path);
        CHECK_INT(file_state_get(path, &now), 0);
        CHECK(file_state_is_same(&table->files[0].state, &now));
        table_close(table);
}

int main(void)
{
        directory = make_directory();
        RUN(test_entries);
        RUN(test_file);
        RUN(test_quoted_keys);
        RUN(test_bad_lines);
        RUN(test_folding);
        RUN(test_empty_file);
        RUN(test_many_entries);
        RUN(test_unreadable);
        RUN(test_replaced_while_read);
        RUN(test_changing_all_the_time);
        free(path);
        remove_directory();
        return check_done();
}
