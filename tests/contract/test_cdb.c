/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "postmap.h"
#include "support/check.h"
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *directory;

/* A table on "DIRECTORY/NAME.cdb". */
static struct table *open_name(const char *name)
{
        struct reason reason;
        struct table *table;
        char *spec;

        if (asprintf(&spec, "cdb:%s/%s", directory, name) < 0)
                abort();
        table = open_table(spec, &reason);
        if (table == NULL)
                printf("# %s\n", reason.text);
        free(spec);
        return table;
}

static struct table *make(const char *text)
{
        free(postmap(directory, "cdb", "table", text));
        return open_name("table");
}

/* Makes a file of one record with the library. */
static struct table *make_record(struct span key, struct span value)
{
        char *path = join(directory, "/made.cdb");
        struct cdb_make maker;
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

        cdb_make_start(&maker, fd);
        cdb_make_add(&maker, key.data, (unsigned)key.size, value.data,
                (unsigned)value.size);
        cdb_make_finish(&maker);
        close(fd);
        free(path);
        return open_name("made");
}

#define RECORD(key, value) make_record(SPAN_LITERAL(key), SPAN_LITERAL(value))

static void test_entries(void)
{
        struct table *table = make("User@Example.org 1\n"
                                   "straße two words\n"
                                   "dup 3\ndup 4\n");

        CHECK_STR(value_of(table, "uSER@example.ORG"), "1");
        CHECK_STR(value_of(table, "STRASSE"), "two words");
        CHECK_STR(value_of(table, "dup"), "3");
        CHECK_STR(value_of(table, "user"), "ABSENT");
        CHECK_STR(value_of(table, "a\xff"), "ABSENT");
        CHECK(table->entries >= 3);
        CHECK(!table->is_in_place);
        CHECK_STR(findings, "");
        table_close(table);
}

static void test_forms(void)
{
        struct table *with = RECORD("key\0", "value\0"), *without;
        struct span value;

        CHECK_STR(value_of(with, "key"), "value");
        CHECK_STR(value_of(with, "nobody"), "ABSENT");
        CHECK_STR(value_of(with, "key"), "value");
        CHECK_INT(ask(with, SPAN_LITERAL("key\0"), &value), ANSWER_ABSENT);
        table_close(with);
        without = RECORD("key", "value");
        CHECK_STR(value_of(without, "nobody"), "ABSENT");
        CHECK_STR(value_of(without, "key"), "value");
        table_close(without);
}

/* As Postfix, which takes it for a C string. */
static void test_nul_in_value(void)
{
        struct table *table = RECORD("key", "some\0more");

        CHECK_STR(value_of(table, "key"), "some");
        table_close(table);
        table = RECORD("key", "");
        CHECK_STR(value_of(table, "key"), "");
        table_close(table);
}

/* An open table has what it had: its file was replaced, not changed. */
static void test_replaced(void)
{
        struct table *former = make("a 1\n"), *table = make("a 2\nb 2\n");

        CHECK_STR(value_of(former, "a"), "1");
        CHECK_STR(value_of(former, "b"), "ABSENT");
        CHECK_STR(value_of(table, "a"), "2");
        CHECK_STR(value_of(table, "b"), "2");
        table_close(former);
        table_close(table);
}

/* Never "absent", which bounces mail. */
static void test_written_over(void)
{
        struct table *table = RECORD("key", "value");

        CHECK_STR(value_of(table, "key"), "value");
        table_close(RECORD("other", "value"));
        CHECK(strncmp(value_of(table, "key"), "FAILED: ", 8) == 0);
        table_close(table);
}

static void test_cut(void)
{
        struct table *table = make("a 1\n");
        char *path = join(directory, "/table.cdb");

        CHECK_STR(value_of(table, "a"), "1");
        CHECK_INT(truncate(path, 0), 0);
        CHECK(strncmp(value_of(table, "a"), "FAILED: ", 8) == 0);
        CHECK(strncmp(value_of(table, "b"), "FAILED: ", 8) == 0);
        table_close(table);
        table = make("a 2\n");
        CHECK_STR(value_of(table, "a"), "2");
        table_close(table);
        free(path);
}

static void check_error(const char *spec, int code)
{
        struct reason reason = {0};

        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, code);
}

static void test_unsound(void)
{
        char *path = write_file(directory, "text.cdb", SPAN_LITERAL("text\n"));
        char *spec;

        path[strlen(path) - 4] = '\0';
        spec = join("cdb:", path);
        check_error(spec, -EBADMSG);
        check_error("cdb:relative", -EINVAL);
        check_error("cdb:/nowhere/at/all", -ENOENT);
        free(spec);
        free(path);
}

int main(void)
{
        directory = make_directory();
        RUN(test_entries);
        RUN(test_forms);
        RUN(test_nul_in_value);
        RUN(test_replaced);
        RUN(test_written_over);
        RUN(test_cut);
        RUN(test_unsound);
        remove_directory();
        return check_done();
}
