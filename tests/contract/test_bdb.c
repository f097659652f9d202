/* SPDX-License-Identifier: MIT */
/* hash: and btree:, which differ in their files only. */
#include "asking.h"
#include "postmap.h"
#include "support/check.h"
#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static const char *directory;
static const char *type; /* which of the two */

static struct table *open_name(const char *name)
{
        struct reason reason;
        struct table *table;
        char *spec;

        if (asprintf(&spec, "%s:%s/%s", type, directory, name) < 0)
                abort();
        table = open_table(spec, &reason);
        if (table == NULL)
                printf("# %s\n", reason.text);
        free(spec);
        return table;
}

static struct table *make(const char *text)
{
        free(postmap(directory, type, type, text));
        return open_name(type);
}

static void put(DB *db, struct span key, struct span value)
{
        DBT db_key = {.data = (void *)key.data, .size = (u_int32_t)key.size};
        DBT db_value = {
                .data = (void *)value.data, .size = (u_int32_t)value.size};

        CHECK_INT(db->put(db, NULL, &db_key, &db_value, 0), 0);
}

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
        CHECK_INT(table->entries, 3);
        CHECK_STR(findings, "");
        table_close(table);
}

/* Makes a file of its own; flags: of a database. */
static DB *make_db(const char *path, uint32_t flags)
{
        DB *db;

        unlink(path);
        CHECK_INT(db_create(&db, NULL, 0), 0);
        CHECK_INT(db->set_flags(db, flags), 0);
        CHECK_INT(db->open(db, NULL, path, NULL,
                          strcmp(type, "hash") == 0 ? DB_HASH : DB_BTREE,
                          DB_CREATE, 0600),
                0);
        return db;
}

static void test_forms(void)
{
        char *path = join(directory, "/made.db");
        struct table *table;
        struct span value;
        DB *db = make_db(path, 0);

        put(db, SPAN_LITERAL("key"), SPAN_LITERAL("value"));
        put(db, SPAN_LITERAL("cut"), SPAN_LITERAL("some\0more"));
        put(db, SPAN_LITERAL("empty"), SPAN_LITERAL(""));
        put(db, SPAN_LITERAL("twice"), SPAN_LITERAL("without"));
        put(db, SPAN_LITERAL("twice\0"), SPAN_LITERAL("with\0"));
        CHECK_INT(db->close(db, 0), 0);
        table = open_name("made");
        CHECK_STR(value_of(table, "nobody"), "ABSENT");
        CHECK_STR(value_of(table, "key"), "value");
        CHECK_STR(value_of(table, "cut"), "some");
        CHECK_STR(value_of(table, "empty"), "");
        CHECK_STR(value_of(table, "twice"), "with");
        CHECK_INT(ask(table, SPAN_LITERAL("key\0"), &value), ANSWER_ABSENT);
        table_close(table);
        free(path);
}

/* What makemap makes with -d, and with -N if there is a NUL. */
static void test_several_values(void)
{
        char *path = join(directory, "/several.db");
        struct table *table;
        DB *db = make_db(path, DB_DUP);

        put(db, SPAN_LITERAL("with\0"), SPAN_LITERAL("first\0"));
        put(db, SPAN_LITERAL("with\0"), SPAN_LITERAL("second\0"));
        put(db, SPAN_LITERAL("without"), SPAN_LITERAL("first"));
        put(db, SPAN_LITERAL("without"), SPAN_LITERAL("second"));
        put(db, SPAN_LITERAL("next"), SPAN_LITERAL("value"));
        CHECK_INT(db->close(db, 0), 0);
        table = open_name("several");
        CHECK_STR(value_of(table, "with"), "first");
        CHECK_STR(value_of(table, "without"), "first");
        CHECK_STR(value_of(table, "next"), "value");
        CHECK_INT(table->entries, 3);
        table_close(table);
        free(path);
}

/* postmap truncates the file and writes it anew. */
static void test_rewritten(void)
{
        struct table *former = make("a 1\n"), *table = make("a 2\nb 2\n");

        CHECK_STR(value_of(former, "a"), "1");
        CHECK_STR(value_of(former, "b"), "ABSENT");
        CHECK_STR(value_of(table, "a"), "2");
        CHECK_STR(value_of(table, "b"), "2");
        table_close(former);
        table_close(table);
}

static void test_many_entries(void)
{
        char *text = NULL, key[40], value[40];
        size_t size;
        FILE *file = open_memstream(&text, &size);
        struct table *table;

        for (int i = 0; i < 50000; i++)
                fprintf(file, "User%d@Example.org value%d\n", i, i);
        fclose(file);
        table = make(text);
        free(text);
        CHECK_INT(table->entries, 50000);
        for (int i = 0; i < 50000; i++) {
                snprintf(key, sizeof(key), "uSER%d@example.org", i);
                snprintf(value, sizeof(value), "value%d", i);
                CHECK_STR(value_of(table, key), value);
        }
        CHECK_STR(value_of(table, "user50000@example.org"), "ABSENT");
        table_close(table);
}

static void *unlock_soon(void *fd)
{
        usleep(200000);
        close(*(int *)fd);
        return NULL;
}

/* As postmap locks it, from when it truncates it until it has written it. */
static void test_locked(void)
{
        struct table *table = make("a 1\n");
        char *path;
        pthread_t thread;
        int fd;

        table_close(table);
        if (asprintf(&path, "%s/%s.db", directory, type) < 0)
                abort();
        fd = open(path, O_RDWR);
        CHECK_INT(flock(fd, LOCK_EX), 0);
        pthread_create(&thread, NULL, unlock_soon, &fd);
        table = open_name(type);
        CHECK_STR(value_of(table, "a"), "1");
        CHECK(flock(fd, LOCK_EX) < 0); /* it was closed before */
        pthread_join(thread, NULL);
        table_close(table);
        free(path);
}

static void check_error(const char *argument, int code)
{
        char *spec;
        struct reason reason = {0};

        if (asprintf(&spec, "%s:%s", type, argument) < 0)
                abort();
        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, code);
        if (code == -EBADMSG)
                CHECK(strstr(reason.text, "sound") != NULL ||
                        strstr(reason.text, "is no ") != NULL);
        free(spec);
}

static void test_unsound(void)
{
        const char *other = strcmp(type, "hash") == 0 ? "btree" : "hash";
        char *path = write_file(directory, "text.db", SPAN_LITERAL("text\n"));

        path[strlen(path) - 3] = '\0';
        check_error(path, -EBADMSG);
        free(path);
        path = write_file(directory, "empty.db", SPAN_LITERAL(""));
        path[strlen(path) - 3] = '\0';
        check_error(path, -EBADMSG);
        free(path);
        free(postmap(directory, other, "other", "a 1\n"));
        path = join(directory, "/other");
        check_error(path, -EBADMSG);
        free(path);
        check_error("relative", -EINVAL);
        check_error("/nowhere/at/all", -ENOENT);
}

static void run(void (*test)(void), const char *name)
{
        char title[100];

        test();
        snprintf(title, sizeof(title), "%s: %s", type, name);
        check_case(title);
}

int main(void)
{
        static const char *const types[] = {"hash", "btree"};

        directory = make_directory();
        for (size_t i = 0; i < 2; i++) {
                type = types[i];
                run(test_entries, "entries");
                run(test_forms, "with and without a NUL");
                run(test_several_values, "several values of a key");
                run(test_rewritten, "rewritten while open");
                run(test_many_entries, "many entries");
                run(test_locked, "waits for who writes it");
                run(test_unsound, "unsound files");
        }
        remove_directory();
        return check_done();
}
