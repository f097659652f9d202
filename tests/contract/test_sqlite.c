/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "base/events.h"
#include "base/thread.h"
#include "support/check.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define MUTATIONS 500

static const char *directory;
static char *database, *config;
static struct reason reason;

/* Does something to the database; another connection than the table's. */
static void sql(const char *path, const char *statements)
{
        char *message = NULL;
        sqlite3 *db;

        CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
        sqlite3_busy_timeout(db, 5000);
        if (sqlite3_exec(db, statements, NULL, NULL, &message) != SQLITE_OK)
                printf("# %s: %s\n", statements, message);
        CHECK(message == NULL);
        sqlite3_free(message);
        sqlite3_close(db);
}

static void begin(void)
{
        unlink(database);
        sql(database,
                "create table t(k text primary key, v, n integer);"
                "insert into t values ('a@b.c', 'x@y', 1);"
                "insert into t values ('it''s@b.c', 'quoted', 2);"
                "insert into t values ('null@b.c', null, 3);"
                "insert into t values ('empty@b.c', '', 4);"
                "insert into t values ('blob@b.c', x'c3a4', 5);"
                "insert into t values ('real@b.c', 1.5, 6);"
                "insert into t values ('b.c', 'domain', 7);"
                "insert into t values ('stra' || 'sse@b.c', 'folded', 8)");
}

/* Opens a table on the database with these lines in its FILE.cf. */
static struct table *open_lines(const char *lines)
{
        char *text, *spec = join("sqlite:", config);
        struct table *table;

        if (asprintf(&text, "dbpath = %s\n%s\n", database, lines) < 0)
                abort();
        free(write_file(directory, "table.cf", span_of(text)));
        table = open_table(spec, &reason);
        free(text);
        free(spec);
        return table;
}

static struct table *open_query(const char *query)
{
        char *lines = join("query = ", query);
        struct table *table = open_lines(lines);

        if (table == NULL)
                printf("# %s\n", reason.text);
        free(lines);
        return table;
}

#define BY_KEY "select v from t where k = '%s'"

static void test_values(void)
{
        struct table *table = open_query(BY_KEY);

        CHECK_STR(findings, "");
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        CHECK_STR(value_of(table, "A@B.C"), "x@y");
        CHECK_STR(value_of(table, "it's@b.c"), "quoted");
        CHECK_STR(value_of(table, "Straße@b.c"), "folded");
        CHECK_STR(value_of(table, "blob@b.c"), "ä");
        CHECK_STR(value_of(table, "real@b.c"), "1.5");
        CHECK_STR(value_of(table, "null@b.c"), "ABSENT");
        CHECK_STR(value_of(table, "empty@b.c"), "ABSENT");
        CHECK_STR(value_of(table, "nobody@b.c"), "ABSENT");
        CHECK_STR(value_of(table, "' or '1'='1"), "ABSENT");
        CHECK_STR(value_of(table, ""), "ABSENT");
        table_close(table);
}

static void test_rows(void)
{
        struct table *table = open_lines(
                "query = select k, n from t where k like '%u%%' order by n\n"
                "result_format = %u of %S\n"
                "expansion_limit = 2");

        CHECK_STR(value_of(table, "a"), "a of a");
        CHECK_STR(value_of(table, "b"), "blob of b,b.c of b");
        CHECK_STR(value_of(table, "_"),
                "FAILED: more than 2 values: expansion_limit");
        CHECK_STR(value_of(table, "nobody"), "ABSENT");
        table_close(table);
}

static void test_options_of_old(void)
{
        struct table *table = open_lines("select_field = v\n"
                                         "table = t\n"
                                         "where_field = k\n"
                                         "additional_conditions = "
                                         "and v not like 'x%%' or k = '%u'");

        CHECK_STR(value_of(table, "a@b.c"), "ABSENT");
        CHECK_STR(value_of(table, "it's@b.c"), "quoted");
        CHECK_STR(value_of(table, "b.c"), "domain");
        table_close(table);
}

static void test_domain(void)
{
        struct table *table =
                open_lines("query = select '%s'\ndomain = b.c, fail:down");

        CHECK_STR(value_of(table, "a@B.c"), "a@b.c");
        CHECK_STR(value_of(table, "b.c"), "ABSENT");
        CHECK_STR(value_of(table, "@b.c"), "ABSENT");
        CHECK_STR(value_of(table, "a@c"), "FAILED: domain: fail:down: down");
        table_close(table);
}

/* Where there are no parameters, keys are escaped or refused. */
static void test_texts(void)
{
        struct table *table = open_query("select v from t where n = %s "
                                         "or k = 'it''s@%s'");

        CHECK(strstr(findings, "its text is made anew for each key") != NULL);
        CHECK_STR(value_of(table, "1"), "x@y");
        CHECK(strstr(value_of(table, "b.c"), "no such column: b.c") != NULL);
        table_close(table);
        table = open_query("select v from t where n = %s");
        CHECK_STR(value_of(table, "7"), "domain");
        CHECK(strncmp(value_of(table, "1 or 1"), "FAILED", 6) == 0);
        table_close(table);
        table = open_query("select v from t where k = \"%s\"");
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        CHECK(strncmp(value_of(table, "a\"b"), "FAILED", 6) == 0);
        table_close(table);
}

static const struct {
        const char *lines;
        int code;
        const char *text;
} mistakes[] = {
        {"", -EBADMSG, "query is missing"},
        {"table = t\nselect_field = v", -EBADMSG, "query is missing"},
        {"query =", -EBADMSG, "query: empty"},
        {"query = select '%x'", -EBADMSG, "query: unknown \"%x\""},
        {"query = select 1\nresult_format = %", -EBADMSG,
                "result_format: '%' at the end"},
        {"query = select 1\nexpansion_limit = 1s", -EBADMSG,
                "expansion_limit: not a plain number"},
        {"query = select 1\ndomain = /nonexistent/x", -ENOENT,
                "/nonexistent/x: No such file"},
        {"query = select 1\ndbpath = relative", -EBADMSG,
                "dbpath: write the absolute path"},
};

/* What cannot be asked fails, but for keys that make no query. */
static void test_cannot_ask(void)
{
        static const struct {
                const char *lines, *text;
        } cases[] = {
                {"query = selec 1", "syntax error"},
                {"query = select v from nosuch", "no such table: nosuch"},
                {"query = select 1\ndbpath = /nonexistent/x",
                        "/nonexistent/x: No such file"},
                {"query = select 1\ndbpath = /", "/: "},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char *lines = join(cases[i].lines, "\ndomain = b.c");
                struct table *table = open_lines(lines);

                CHECK(strstr(findings, cases[i].text) != NULL);
                CHECK(strstr(value_of(table, "a@b.c"), cases[i].text) != NULL);
                CHECK_STR(value_of(table, "a@other"), "ABSENT");
                table_close(table);
                free(lines);
        }
}

static void test_mistakes(void)
{
        for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
                CHECK(open_lines(mistakes[i].lines) == NULL);
                CHECK_INT(reason.code, mistakes[i].code);
                if (strstr(reason.text, mistakes[i].text) == NULL)
                        CHECK_STR(reason.text, mistakes[i].text);
        }
        CHECK(open_table("sqlite:name", &reason) == NULL);
        CHECK_INT(reason.code, -EINVAL);
}

/* Nothing is made or changed where something was to be read. */
static void test_read_only(void)
{
        struct table *table = open_query("delete from t where k = '%s'");

        CHECK(table == NULL && reason.code == -EROFS);
        table = open_query(BY_KEY);
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        table_close(table);
        unlink(database);
        table_close(open_lines("query = select 1"));
        CHECK_INT(access(database, F_OK), -1);
        begin();
}

static void test_changes(void)
{
        struct table *table = open_query(BY_KEY);
        char *other = join(directory, "/other");

        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        sql(database, "update t set v = 'new' where k = 'a@b.c'");
        CHECK_STR(value_of(table, "a@b.c"), "new");
        sql(database, "alter table t add column more");
        CHECK_STR(value_of(table, "a@b.c"), "new");
        unlink(other);
        sql(other, "create table t(v, k); insert into t values (1, 'a@b.c')");
        CHECK_INT(rename(other, database), 0);
        CHECK_STR(value_of(table, "a@b.c"), "1");
        /* Missing, it is not forgotten: somebody may be replacing it. */
        unlink(database);
        CHECK_STR(value_of(table, "a@b.c"), "1");
        begin();
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        table_close(table);
        free(other);
}

static void test_wal(void)
{
        struct table *table;

        sql(database, "pragma journal_mode = wal");
        table = open_query(BY_KEY);
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        sql(database, "update t set v = 'wal' where k = 'a@b.c'");
        CHECK_STR(value_of(table, "a@b.c"), "wal");
        table_close(table);
        sql(database, "pragma journal_mode = delete");
        begin();
}

static void test_files(void)
{
        struct table *table = open_query("select 1");

        CHECK_INT(table->file_count, 1);
        CHECK_STR(table->files[0].name, config);
        table_close(table);
}

static const char *ask_until(
        struct table *table, const char *key, uint64_t deadline)
{
        static struct lookup lookup;
        static char memory[5000];
        struct arena arena;

        arena_init(&arena, memory, sizeof(memory), SIZE_MAX);
        lookup = (struct lookup){
                .key = span_of(key), .deadline = deadline, .arena = &arena};
        table_start(table, &lookup);
        arena_fini(&arena);
        return lookup.answer == ANSWER_FAILED ? lookup.reason.text : "";
}

static void test_deadline(void)
{
        struct table *table = open_query(
                "with recursive c(i) as (select 1 union all select i + 1 from "
                "c) select i from c where i < 0 and '%s' <> ''");

        CHECK(strstr(ask_until(table, "a", events_now() + 50),
                      "the query takes too long") != NULL);
        table_close(table);
}

static void test_busy(void)
{
        struct table *table = open_query(BY_KEY);
        sqlite3 *db;

        sqlite3_open(database, &db);
        sqlite3_exec(db, "begin exclusive", NULL, NULL, NULL);
        CHECK(strstr(ask_until(table, "a@b.c", events_now() + 50), "locked") !=
                NULL);
        sqlite3_exec(db, "commit", NULL, NULL, NULL);
        sqlite3_close(db);
        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        table_close(table);
}

/* Truncated or replaced in place by something else while it is open. */
static void test_spoiled_while_open(void)
{
        struct table *table = open_query(BY_KEY);

        CHECK_STR(value_of(table, "a@b.c"), "x@y");
        CHECK_INT(truncate(database, 5000), 0);
        CHECK(strncmp(value_of(table, "it's@b.c"), "FAILED", 6) == 0);
        CHECK_INT(truncate(database, 0), 0);
        CHECK(strncmp(value_of(table, "it's@b.c"), "FAILED", 6) == 0);
        free(write_file(directory, "database", span_of("no database")));
        CHECK(strncmp(value_of(table, "it's@b.c"), "FAILED", 6) == 0);
        begin();
        CHECK_STR(value_of(table, "it's@b.c"), "quoted");
        table_close(table);
}

static uint64_t state = 88172645463325252U;

static size_t below(size_t limit)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (size_t)(state % limit);
}

static char *read_database(size_t *ret_size)
{
        FILE *file = fopen(database, "r");
        struct stat st;
        char *content;

        fstat(fileno(file), &st);
        content = malloc((size_t)st.st_size);
        *ret_size = fread(content, 1, (size_t)st.st_size, file);
        fclose(file);
        return content;
}

/* Another database is copied over the file, made in as many transactions. */
static void test_copied_over(void)
{
        const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
        struct table *table;
        struct span content;

        sql(database, "update t set v = 'new' where k = 'a@b.c'");
        content.data = read_database(&content.size);
        begin();
        sql(database, "update t set v = 'old' where k = 'a@b.c'");
        table = open_query(BY_KEY);
        CHECK_STR(value_of(table, "a@b.c"), "old");
        free(write_file(directory, "database", content));
        CHECK_INT(utimensat(AT_FDCWD, database, times, 0), 0);
        CHECK_STR(value_of(table, "a@b.c"), "new");
        table_close(table);
        free((char *)content.data);
        begin();
}

/* Whatever is in the file, lookups end, and the process lives. */
static void test_mutations(void)
{
        unsigned counts[4] = {0};
        size_t size;
        char *content;

        sql(database, "with recursive c(i) as (select 1 union all select i + 1 "
                      "from c where i < 300) insert into t select 'user' || i "
                      "|| '@b.c', hex(zeroblob(i)), i from c");
        content = read_database(&size);
        for (int i = 0; i < MUTATIONS; i++) {
                struct span mutated = {malloc(size), size};
                struct table *table;

                memcpy((char *)mutated.data, content, size);
                for (size_t n = 1 + below(8); n > 0; n--)
                        ((char *)mutated.data)[below(below(3) ? size : 200)] =
                                (char)below(256);
                if (below(4) == 0)
                        mutated.size = below(size);
                unlink(database);
                free(write_file(directory, "database", mutated));
                free((char *)mutated.data);
                table = open_lines("query = " BY_KEY);
                counts[0] += table == NULL;
                for (int j = 1; table != NULL && j < 300; j += 7) {
                        char key[30];
                        struct span value;

                        snprintf(key, sizeof(key), "user%d@b.c", j);
                        counts[ask(table, span_of(key), &value)]++;
                }
                table_close(table);
        }
        printf("# %u not opened; %u found, %u absent, %u failed\n", counts[0],
                counts[1], counts[2], counts[3]);
        CHECK(counts[ANSWER_FAILED] > 0);
        free(content);
        begin();
}

#define LOOKUPS 200

struct asked {
        struct lookup lookup;
        struct arena arena;
        bool is_done;
};

/* Events alone don't keep a loop going. */
static void tick(uv_timer_t *timer)
{
        (void)timer;
}

static void finish(struct lookup *lookup)
{
        struct asked *asked = (struct asked *)lookup;

        CHECK(!asked->is_done);
        asked->is_done = true;
}

/* A loop, a table that pends, and lookups of it under way. */
struct asking {
        uv_loop_t loop;
        uv_timer_t timer;
        struct events *events;
        struct table *table;
        struct asked asked[LOOKUPS];
        size_t count;
};

/* The FILE.cf is there already. */
static void begin_asking(struct asking *asking)
{
        struct report report = {.say = NULL};
        struct table_env env = {
                .report = &report, .threads = 4, .queue = LOOKUPS};
        char *spec = join("sqlite:", config);

        asking->count = 0;
        uv_loop_init(&asking->loop);
        uv_timer_init(&asking->loop, &asking->timer);
        uv_timer_start(&asking->timer, tick, 60000, 60000);
        asking->events = env.events = events_new(&asking->loop);
        asking->table = table_open(&env, spec, &reason);
        CHECK(asking->table != NULL && asking->table->pends);
        free(spec);
}

static enum progress begin_lookup(struct asking *asking, const char *key)
{
        struct asked *asked = &asking->asked[asking->count++];
        enum progress progress;

        arena_init(&asked->arena, NULL, 0, SIZE_MAX);
        asked->lookup = (struct lookup){.key = span_of(key),
                .deadline = UINT64_MAX,
                .arena = &asked->arena,
                .finish = finish};
        progress = table_start(asking->table, &asked->lookup);
        asked->is_done = progress == LOOKUP_DONE;
        return progress;
}

/* Waits for all that was asked. */
static void check_asked(struct asking *asking, const char *value)
{
        for (size_t i = 0; i < asking->count; i++) {
                struct asked *asked = &asking->asked[i];

                while (!asked->is_done)
                        uv_run(&asking->loop, UV_RUN_ONCE);
                CHECK_INT(asked->lookup.answer, ANSWER_FOUND);
                if (asked->lookup.answer == ANSWER_FOUND)
                        CHECK(span_equal(asked->lookup.value, span_of(value)));
                else
                        printf("# %s\n", asked->lookup.reason.text);
                arena_fini(&asked->arena);
        }
        asking->count = 0;
}

static void end_asking(struct asking *asking)
{
        table_close(asking->table);
        events_free(asking->events);
        uv_close((uv_handle_t *)&asking->timer, NULL);
        uv_run(&asking->loop, UV_RUN_DEFAULT);
        uv_loop_close(&asking->loop);
        threads_join(UINT_MAX);
}

static struct asking asking;

/* What is quick needs no thread, and keeps others waiting for a turn only. */
static void test_at_once(void)
{
        table_close(open_query(BY_KEY)); /* writes FILE.cf */
        begin_asking(&asking);
        for (int i = 0; i < 100; i++)
                CHECK_INT(begin_lookup(&asking, "A@b.c"), LOOKUP_DONE);
        check_asked(&asking, "x@y");
        uv_run(&asking.loop, UV_RUN_NOWAIT);
        sql(database, "update t set v = 'changed' where k = 'a@b.c'");
        CHECK_INT(begin_lookup(&asking, "a@b.c"), LOOKUP_DONE);
        check_asked(&asking, "changed");
        uv_run(&asking.loop, UV_RUN_NOWAIT);
        sql(database, "update t set v = 'x@y' where k = 'a@b.c'");
        CHECK_INT(begin_lookup(&asking, "a@b.c"), LOOKUP_DONE);
        check_asked(&asking, "x@y");
        end_asking(&asking); /* in the turn */
        sql(database, "update t set n = n + 1");
}

/* What would have to wait is for several threads, each with a connection. */
static void test_threads(void)
{
        sqlite3 *db;

        table_close(open_query(BY_KEY));
        begin_asking(&asking);
        CHECK_INT(sqlite3_open(database, &db), SQLITE_OK);
        CHECK_INT(sqlite3_exec(db, "begin exclusive", NULL, NULL, NULL),
                SQLITE_OK);
        for (int i = 0; i < LOOKUPS; i++)
                CHECK_INT(begin_lookup(&asking, "A@b.c"), LOOKUP_PENDING);
        CHECK_INT(sqlite3_exec(db, "commit", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        check_asked(&asking, "x@y");
        for (int i = 0; i < LOOKUPS; i++) {
                CHECK_INT(begin_lookup(&asking, "A@b.c"), LOOKUP_PENDING);
                if (i % 50 == 0)
                        sql(database, "update t set n = n + 1");
        }
        check_asked(&asking, "x@y");
        end_asking(&asking);
}

/* And so is what takes long. */
static void test_long(void)
{
        table_close(open_query(
                "with recursive c(n) as (select 1 union all select n + 1 from "
                "c limit 10000) select '%s' from c where n = 10000"));
        begin_asking(&asking);
        for (int i = 0; i < 10; i++)
                CHECK_INT(begin_lookup(&asking, "a@b.c"), LOOKUP_PENDING);
        check_asked(&asking, "a@b.c");
        end_asking(&asking);
}

int main(void)
{
        directory = make_directory();
        database = join(directory, "/database");
        config = join(directory, "/table.cf");
        begin();
        RUN(test_values);
        RUN(test_rows);
        RUN(test_options_of_old);
        RUN(test_domain);
        RUN(test_texts);
        RUN(test_mistakes);
        RUN(test_cannot_ask);
        RUN(test_read_only);
        RUN(test_changes);
        RUN(test_wal);
        RUN(test_files);
        RUN(test_deadline);
        RUN(test_busy);
        RUN(test_spoiled_while_open);
        RUN(test_copied_over);
        RUN(test_mutations);
        RUN(test_at_once);
        RUN(test_threads);
        RUN(test_long);
        remove_directory();
        free(config);
        free(database);
        return check_done();
}
