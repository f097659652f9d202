/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "postmap.h"
#include "support/check.h"
#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define REWRITES 30
#define BIG_ENTRIES 300000

static const char *directory;
static char *path; /* of the file, as name_it has it */

static char *name_it(const char *name)
{
        char *spec;

        free(path);
        if (asprintf(&spec, "lmdb:%s/%s", directory, name) < 0)
                abort();
        path = indexed_path(spec);
        return spec;
}

/* A table on "DIRECTORY/NAME.lmdb". */
static struct table *open_name(const char *name)
{
        char *spec = name_it(name);
        struct reason reason;
        struct table *table = open_table(spec, &reason);

        if (table == NULL)
                printf("# %s\n", reason.text);
        free(spec);
        return table;
}

static struct table *make(const char *text)
{
        free(postmap(directory, "lmdb", "table", text));
        return open_name("table");
}

/* Opens a file with the library, for writing. */
static MDB_txn *begin_writing(const char *name, MDB_dbi *ret_dbi)
{
        MDB_env *env;
        MDB_txn *txn;

        free(name_it(name));
        unlink(path);
        CHECK_INT(mdb_env_create(&env), 0);
        CHECK_INT(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
        CHECK_INT(mdb_txn_begin(env, NULL, 0, &txn), 0);
        CHECK_INT(mdb_dbi_open(txn, NULL, 0, ret_dbi), 0);
        return txn;
}

static void put(MDB_txn *txn, MDB_dbi dbi, struct span key, struct span value)
{
        MDB_val mdb_key = {key.size, (void *)key.data};
        MDB_val mdb_value = {value.size, (void *)value.data};

        CHECK_INT(mdb_put(txn, dbi, &mdb_key, &mdb_value, 0), 0);
}

static void end_writing(MDB_txn *txn)
{
        MDB_env *env = mdb_txn_env(txn);

        CHECK_INT(mdb_txn_commit(txn), 0);
        mdb_env_close(env);
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
        CHECK(table->is_in_place);
        CHECK_STR(findings, "");
        table_close(table);
}

static void test_forms(void)
{
        MDB_dbi dbi;
        MDB_txn *txn = begin_writing("made", &dbi);
        struct table *table;
        struct span value;

        put(txn, dbi, SPAN_LITERAL("key"), SPAN_LITERAL("value"));
        put(txn, dbi, SPAN_LITERAL("cut"), SPAN_LITERAL("some\0more"));
        put(txn, dbi, SPAN_LITERAL("empty"), SPAN_LITERAL(""));
        end_writing(txn);
        table = open_name("made");
        CHECK_STR(value_of(table, "nobody"), "ABSENT");
        CHECK_STR(value_of(table, "key"), "value");
        CHECK_STR(value_of(table, "cut"), "some");
        CHECK_STR(value_of(table, "empty"), "");
        CHECK_INT(ask(table, SPAN_LITERAL("key\0"), &value), ANSWER_ABSENT);
        table_close(table);
}

/* The form may be another one after the file was rewritten. */
static void test_form_changes(void)
{
        MDB_dbi dbi;
        MDB_txn *txn = begin_writing("made", &dbi);
        MDB_env *env = mdb_txn_env(txn);
        struct table *table;

        put(txn, dbi, SPAN_LITERAL("key"), SPAN_LITERAL("1"));
        CHECK_INT(mdb_txn_commit(txn), 0);
        table = open_name("made");
        CHECK_STR(value_of(table, "key"), "1");
        CHECK_INT(mdb_txn_begin(env, NULL, 0, &txn), 0);
        CHECK_INT(mdb_drop(txn, dbi, 0), 0);
        put(txn, dbi, SPAN_LITERAL("key\0"), SPAN_LITERAL("2\0"));
        end_writing(txn);
        CHECK_STR(value_of(table, "key"), "2");
        CHECK_STR(value_of(table, "nobody"), "ABSENT");
        table_close(table);
}

static void test_long_keys(void)
{
        struct table *table = make("a 1\n");
        char key[600];

        memset(key, 'a', sizeof(key));
        for (size_t size = 505; size < 520; size++) {
                key[size] = '\0';
                CHECK_STR(value_of(table, key), "ABSENT");
                key[size] = 'a';
        }
        table_close(table);
}

/* What is not there yet is not what is not there. */
static void test_nothing_written(void)
{
        MDB_dbi dbi;
        MDB_txn *txn = begin_writing("fresh", &dbi);
        struct table *table;

        put(txn, dbi, SPAN_LITERAL("a"), SPAN_LITERAL("1"));
        table = open_name("fresh");
        CHECK(strncmp(value_of(table, "a"), "FAILED: ", 8) == 0);
        CHECK(strncmp(value_of(table, "b"), "FAILED: ", 8) == 0);
        end_writing(txn);
        CHECK_STR(value_of(table, "a"), "1");
        CHECK_STR(value_of(table, "b"), "ABSENT");
        table_close(table);
        table = make("");
        CHECK_STR(value_of(table, "a"), "ABSENT");
        table_close(table);
}

static void test_two_tables_of_one_file(void)
{
        struct table *one = make("a 1\n"), *two = open_name("table");

        CHECK_STR(value_of(one, "a"), "1");
        table_close(one);
        CHECK_STR(value_of(two, "a"), "1");
        CHECK_STR(value_of(two, "b"), "ABSENT");
        table_close(two);
}

static void test_replaced(void)
{
        struct table *former = make("a 1\n"), *table;
        char *other;

        free(postmap(directory, "lmdb", "other", "a 2\nb 2\n"));
        other = join(directory, "/other.lmdb");
        CHECK_INT(rename(other, path), 0);
        table = open_name("table");
        CHECK_STR(value_of(former, "a"), "1");
        CHECK_STR(value_of(former, "b"), "ABSENT");
        CHECK_STR(value_of(table, "b"), "2");
        table_close(former);
        table_close(table);
        free(other);
}

/* Two contents in turn, of several pages, with one key in both. */
static void rewrite_all_the_time(const char *source)
{
        for (int i = 0; i < REWRITES; i++) {
                char *text = NULL;
                size_t size;
                FILE *file = open_memstream(&text, &size);

                for (int entry = 0; entry < 2000; entry++)
                        fprintf(file, "k%d-%d v%d\n", entry, i % 2, i % 2);
                fprintf(file, "both v%d\n", i % 2);
                fclose(file);
                free(postmap(directory, "lmdb", source, text));
                free(text);
        }
}

static void test_rewritten_while_asked(void)
{
        struct table *table = make("both v0\n");
        unsigned long asked = 0, changes = 0, wrong = 0;
        char former[10] = "v0";
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                rewrite_all_the_time("table");
                _exit(0);
        }
        while (waitpid(pid, &status, WNOHANG) == 0) {
                const char *value = value_of(table, "both");

                wrong += strcmp(value, "v0") != 0 && strcmp(value, "v1") != 0;
                changes += strcmp(value, former) != 0;
                snprintf(former, sizeof(former), "%.9s", value);
                wrong += strcmp(value_of(table, "nobody"), "ABSENT") != 0;
                asked++;
        }
        printf("# %lu lookups, %lu changes seen\n", asked, changes);
        CHECK_INT(status, 0);
        CHECK_INT(wrong, 0);
        /* On a busy machine two may come between two lookups. */
        CHECK(changes > 0 && changes <= REWRITES - 1);
        CHECK_STR(value_of(table, "both"), (REWRITES - 1) % 2 ? "v1" : "v0");
        table_close(table);
}

/* Beyond the 16 MiB of Postfix's default, and what was mapped at first. */
static void test_growth(void)
{
        struct table *table = make("user1@example.org few\n");
        char *text = NULL, *padding = malloc(301);
        struct stat st;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        memset(padding, 'x', 300);
        padding[300] = '\0';
        for (int i = 0; i < BIG_ENTRIES; i++)
                fprintf(file, "user%d@example.org %s%d\n", i, padding, i);
        fclose(file);
        CHECK_STR(value_of(table, "user1@example.org"), "few");
        free(postmap(directory, "lmdb", "table", text));
        CHECK_INT(stat(path, &st), 0);
        CHECK(st.st_size > 70 * 1024 * 1024);
        CHECK(strstr(value_of(table, "user1@example.org"), "xx1") != NULL);
        CHECK(strstr(value_of(table, "user299999@example.org"), "299999"));
        CHECK_STR(value_of(table, "user300000@example.org"), "ABSENT");
        table_close(table);
        free(padding);
        free(text);
}

static void test_cut(void)
{
        struct table *table;

        free(name_it("table"));
        unlink(path); /* the big one */
        table = make("a 1\n");
        CHECK_STR(value_of(table, "a"), "1");
        CHECK_INT(truncate(path, 4096), 0);
        CHECK(strncmp(value_of(table, "a"), "FAILED: ", 8) == 0);
        CHECK(strncmp(value_of(table, "b"), "FAILED: ", 8) == 0);
        table_close(table);
        unlink(path);
        table = make("a 2\n");
        CHECK_STR(value_of(table, "a"), "2");
        table_close(table);
}

static void check_error(const char *spec, int code)
{
        struct reason reason = {0};

        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, code);
}

static void test_unsound(void)
{
        char *spec = name_it("text");

        free(write_file(directory, "text.lmdb", SPAN_LITERAL("text\n")));
        check_error(spec, -EBADMSG);
        check_error("lmdb:relative", -EINVAL);
        check_error("lmdb:/nowhere/at/all", -ENOENT);
        free(spec);
}

int main(void)
{
        directory = make_directory();
        RUN(test_entries);
        RUN(test_forms);
        RUN(test_form_changes);
        RUN(test_long_keys);
        RUN(test_nothing_written);
        RUN(test_two_tables_of_one_file);
        RUN(test_replaced);
        RUN(test_rewritten_while_asked);
        RUN(test_growth);
        RUN(test_cut);
        RUN(test_unsound);
        free(path);
        remove_directory();
        return check_done();
}
