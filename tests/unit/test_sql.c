/* SPDX-License-Identifier: MIT */
/* Queries made statements with parameters; SQLite's are run, too. */
#include "support/check.h"
#include "tables/support/sql_read.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct reason reason;

/*
 * What becomes of a query: "STATEMENT | PARAMETER | ..." with the key put in;
 * or "! OBSTACLE".
 */
static const char *made(
        enum sql_dialect dialect, const char *text, const char *key)
{
        static char line[2000];
        struct sql_query query;
        size_t used;

        if (sql_parse(span_of(text), dialect, &arena, &query, &reason) < 0)
                return reason.text;
        if (query.text == NULL) {
                snprintf(line, sizeof(line), "! %s", query.obstacle);
                return line;
        }
        used = (size_t)snprintf(line, sizeof(line), "%s", query.text);
        for (size_t i = 0; i < query.parameter_count; i++) {
                struct span value = {"-", 1};

                template_expand_key(&query.parameters[i], span_of(key), NULL,
                        NULL, &arena, &value);
                used += (size_t)snprintf(line + used, sizeof(line) - used,
                        " | %.*s", (int)value.size, value.data);
        }
        return line;
}

#define NAME                                                            \
        "! a part of the key stands in the quotes of a name: a string " \
        "needs '...'"
#define OUTSIDE "! a part of the key stands outside of '...'"
#define ODD "! a part of the key stands in a string that is not just '...'"
#define MORE "! what stands in front of '...' makes more of it than a string"
#define OWN "! it has parameters of its own"

static const struct {
        enum sql_dialect dialect;
        const char *query, *expected;
} cases[] = {
        /* Strings, wherever they stand. */
        {SQL_SQLITE, "select v from t where k='%s'",
                "select v from t where k= ?  | it's@a.b"},
        {SQL_POSTGRESQL, "select v from t where k='%s' and d='%d'",
                "select v from t where k= $1  and d= $2  | it's@a.b | a.b"},
        {SQL_MYSQL, "select v from t where k=\"%s\"",
                "select v from t where k= ?  | it's@a.b"},
        {SQL_SQLITE, "select '%u@%d'", "select  ?  | it's@a.b"},
        {SQL_SQLITE, "select '%%@%d'", "select  ?  | %@a.b"},
        {SQL_SQLITE, "select 'it''s %s'", "select  ?  | it's it's@a.b"},
        {SQL_SQLITE, "k like'%%%d'", "k like ?  | %a.b"},
        {SQL_SQLITE, "k like 'x%%' and i %% 2", "k like 'x%' and i % 2"},
        {SQL_SQLITE, "'a'||'%u'||'b'", "'a'|| ? ||'b' | it's"},
        {SQL_POSTGRESQL, "f('%s', '%1')::text",
                "f( $1 ,  $2 )::text | it's@a.b | b"},
        {SQL_POSTGRESQL, "j @> jsonb('%s') and x ilike '%u'",
                "j @> jsonb( $1 ) and x ilike  $2  | it's@a.b | it's"},
        {SQL_POSTGRESQL, "k in ('%s','%u')",
                "k in ( $1 , $2 ) | it's@a.b | it's"},
        {SQL_POSTGRESQL, "case '%u' when 'a' then 'b' else '%d' end",
                "case  $1  when 'a' then 'b' else  $2  end | it's | a.b"},
        {SQL_POSTGRESQL, "select '%s' union select '%d'",
                "select  $1  union select  $2  | it's@a.b | a.b"},
        {SQL_POSTGRESQL, "k = '%s'::citext", "k =  $1 ::citext | it's@a.b"},
        {SQL_POSTGRESQL, "where '\\%s' = k", "where  $1  = k | \\it's@a.b"},
        {SQL_SQLITE, "select 1;", "select 1;"},
        /* What looks like a string and is none. */
        {SQL_SQLITE, "k='%s' -- it's %d", "k= ?    | it's@a.b"},
        {SQL_SQLITE, "/* don't %s */k='%u'", " k= ?  | it's"},
        {SQL_SQLITE, "/* /* */ '%u'", "/* /* */  ?  | it's"},
        {SQL_POSTGRESQL, "/* /* '*/ %s' */ '%u'", "   $1  | it's"},
        {SQL_MYSQL, "k=1--'%u'", "k=1-- ?  | it's"},
        {SQL_MYSQL, "k='%u' # it's %d\nand 1", "k= ?   and 1 | it's"},
        {SQL_POSTGRESQL, "$$it's$$ || '%u'", "$$it's$$ ||  $1  | it's"},
        {SQL_POSTGRESQL, "$x$ $$ ' $x$ || '%u'", "$x$ $$ ' $x$ ||  $1  | it's"},
        {SQL_POSTGRESQL, "E'it\\'s' || '%u'", "E'it\\'s' ||  $1  | it's"},
        {SQL_SQLITE, "\"o'\" = '%u'", "\"o'\" =  ?  | it's"},
        {SQL_SQLITE, "[o'] = '%u'", "[o'] =  ?  | it's"},
        {SQL_MYSQL, "`o'` = '%u'", "`o'` =  ?  | it's"},
        {SQL_MYSQL, "'\\'' = '%u'", "'\\'' =  ?  | it's"},
        {SQL_SQLITE, "'\\' = '%u'", "'\\' =  ?  | it's"},
        /* What MySQL makes of backslashes. */
        {SQL_MYSQL, "'\\'\\n%u\\%%\\_\\x'", " ?  | '\nit's\\%\\_x"},
        {SQL_MYSQL, "\"a\"\"'%u\"", " ?  | a\"'it's"},
        {SQL_MYSQL, "'\\\\%u'", " ?  | \\it's"},
        {SQL_MYSQL, "'\\%u'", "a '\\' in front of a part of the key"},
        {SQL_POSTGRESQL, "e'\\%u'", "a '\\' in front of a part of the key"},
        /* What cannot have parameters. */
        {SQL_SQLITE, "k=\"%s\"", NAME},
        {SQL_MYSQL, "select * from `%d`", NAME},
        {SQL_POSTGRESQL, "U&\"%d\"", NAME},
        {SQL_SQLITE, "[%d]", NAME},
        {SQL_SQLITE, "k=%s", OUTSIDE},
        {SQL_POSTGRESQL, "E'%s'", ODD},
        {SQL_POSTGRESQL, "U&'%s'", ODD},
        {SQL_POSTGRESQL, "$$%s$$", ODD},
        {SQL_POSTGRESQL, "date '%s'", MORE},
        {SQL_POSTGRESQL, "interval '%s'", MORE},
        {SQL_POSTGRESQL, "numeric(3) '%s'", MORE},
        {SQL_POSTGRESQL, "\"char\" '%s'", MORE},
        {SQL_MYSQL, "_utf8'%s'", MORE},
        {SQL_SQLITE, "x'%s'", MORE},
        {SQL_SQLITE, "select v as '%s'", MORE},
        {SQL_SQLITE, "select v from '%s'", MORE},
        {SQL_MYSQL, "'a' '%s'", MORE},
        {SQL_POSTGRESQL, "='%s'\n'a'", "! two strings stand side by side"},
        {SQL_SQLITE, "k='%s' or l=?", OWN},
        {SQL_SQLITE, "k='%s' or l=:a", OWN},
        {SQL_POSTGRESQL, "k='%s' or l=$1", OWN},
        {SQL_POSTGRESQL, "j ? '%s'", "j ?  $1  | it's@a.b"},
        {SQL_MYSQL, "/*!50000 '%s' */",
                "! a part of the key stands in a comment that is read"},
        {SQL_POSTGRESQL, "select '%s'; select 2", "! it is several statements"},
        {SQL_SQLITE, "='%s", "! a quote or a comment has no end"},
        {SQL_POSTGRESQL, "='%s' /*", "! a quote or a comment has no end"},
        {SQL_SQLITE, "select '%s'; select '%u'", "select  ? ; | it's@a.b"},
        {SQL_SQLITE, "k='%x'",
                "unknown \"%x\": there are %s %u %d %S %U %D %1 to %9, and "
                "%% for a '%'"},
};

static void test_statements(void)
{
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                CHECK_STR(made(cases[i].dialect, cases[i].query, "it's@a.b"),
                        cases[i].expected);
}

static void test_several(void)
{
        struct sql_query query;

        sql_parse(SPAN_LITERAL("select 1; -- x\n"), SQL_SQLITE, &arena, &query,
                &reason);
        CHECK(!query.is_several);
        sql_parse(SPAN_LITERAL("select 1; x"), SQL_SQLITE, &arena, &query,
                &reason);
        CHECK(query.is_several);
}

/* The text for a key, "-" for none, or why not. */
static const char *escaped(
        enum sql_dialect dialect, const char *text, const char *key)
{
        struct sql_query query;
        struct span made_text;
        int r;

        if (sql_parse(span_of(text), dialect, &arena, &query, &reason) < 0)
                return reason.text;
        r = sql_escape(&query, span_of(key), sql_double_quotes, NULL, &arena,
                &made_text, &reason);
        if (r <= 0)
                return r == 0 ? "-" : "refused";
        return made_text.data;
}

static void test_escaping(void)
{
        CHECK_STR(escaped(SQL_SQLITE, "date '%s' = %1", "it's@a.b"),
                "date 'it''s@a.b' = b");
        CHECK_STR(escaped(SQL_SQLITE, "'50%%' = %1 -- '%u", "it's@a.b"),
                "'50%' = b  ");
        CHECK_STR(escaped(SQL_SQLITE, "\"%s\"", "a b@c"), "\"a b@c\"");
        CHECK_STR(escaped(SQL_SQLITE, "%1", "bare"), "-");
        CHECK_STR(escaped(SQL_SQLITE, "'%s' /* %d */", "bare"), "-");
        CHECK_STR(escaped(SQL_POSTGRESQL, "E'\\n%s'", "it's"), "E'\\nit''s'");
}

static void test_unsafe_keys(void)
{
        static const char *const queries[] = {
                "%s", "\"%s\"", "[%s]", "`%s`", "x = %s"};

        CHECK_STR(escaped(SQL_SQLITE, "\"%s\"", "a\"b"), "refused");
        CHECK(strstr(reason.text, "its byte '\"'") != NULL);
        CHECK_STR(escaped(SQL_SQLITE, "[%s]", "a]b"), "refused");
        CHECK_STR(escaped(SQL_SQLITE, "`%s`", "a`b"), "refused");
        CHECK_STR(escaped(SQL_SQLITE, "%s", "a b"), "refused");
        CHECK_STR(escaped(SQL_SQLITE, "%s", "1;2"), "refused");
        CHECK_STR(escaped(SQL_POSTGRESQL, "E'%s'", "a\\"), "refused");
        CHECK_STR(escaped(SQL_POSTGRESQL, "U&'%s'", "a\\"), "refused");
        CHECK_STR(escaped(SQL_POSTGRESQL, "$$%s$$", "$$"), "refused");
        CHECK_STR(escaped(SQL_MYSQL, "/*!%s*/", "*/"), "refused");
        CHECK_STR(escaped(SQL_SQLITE, "'%s", "x"), "refused");
        for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
                struct sql_query query;
                struct span text;

                sql_parse(span_of(queries[i]), SQL_SQLITE, &arena, &query,
                        &reason);
                CHECK_INT(sql_escape(&query, SPAN_LITERAL("a\0b"),
                                  sql_double_quotes, NULL, &arena, &text,
                                  &reason),
                        -EINVAL);
        }
}

static const char *const run_queries[] = {
        "select '%s'",
        "select '%u' || '%%' || '%d'",
        "select 'it''s %s'",
        "select case '%u' when 'a' then 'A' else '%d' end",
        "select '%u' in ('%s', 'a')",
        "select '%s' like '%u%%'",
        "select '%s' glob '*@*'",
        "select '%1' union select '%u' order by 1",
        "select length('%s') /* don't %d */",
        "select \"%s\"",
        "select [v''] from (select '%s' as [v'']) -- it's",
        "select '%s' is 'a@b'",
        "select '%u' between 'a' and 'b'",
        "select 7 %% 4, '%s'",
        "select typeof('%s') || typeof(+'%1')",
        "select x'41' || '%s'",
        "select '%s' as '%u'",
        "select '%s' limit '1'",
        "select max('%u', '%d')",
        "select json_quote('%s')",
        "select 1 where '%s' <> '' and not '%u' = 'a'",
        "select count(*) from (values ('%s'), ('%u'))",
        "select '%s'; select 'more'",
};

/* Runs a statement to its end: the rows' first columns. */
static void run(sqlite3 *db, const struct sql_query *query, const char *text,
        const char *key, char *ret_rows, size_t size)
{
        sqlite3_stmt *statement = NULL;
        size_t used = 0;

        CHECK_INT(
                sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
        for (size_t i = 0; query != NULL && i < query->parameter_count; i++) {
                struct span value;

                template_expand_key(&query->parameters[i], span_of(key), NULL,
                        NULL, &arena, &value);
                sqlite3_bind_text(statement, (int)i + 1, value.data,
                        (int)value.size, SQLITE_STATIC);
        }
        ret_rows[0] = '\0';
        while (sqlite3_step(statement) == SQLITE_ROW)
                used += (size_t)snprintf(ret_rows + used, size - used, "%s\n",
                        (const char *)sqlite3_column_text(statement, 0));
        sqlite3_finalize(statement);
}

/* With parameters or with a text of its own, a query says the same. */
static void test_the_same_by_sqlite(void)
{
        static const char *const keys[] = {
                "a@b", "it's@c.d", "\\@%", "?1@$1", "%u@x", "é@ü", "';--@'"};
        size_t count = sizeof(run_queries) / sizeof(run_queries[0]);
        sqlite3 *db;

        sqlite3_open(":memory:", &db);
        for (size_t i = 0; i < count * 7; i++) {
                const char *text = run_queries[i / 7], *key = keys[i % 7];
                char by_text[500], by_parameters[500];
                struct sql_query query;
                struct span own;

                sql_parse(span_of(text), SQL_SQLITE, &arena, &query, &reason);
                CHECK_INT(sql_escape(&query, span_of(key), sql_double_quotes,
                                  NULL, &arena, &own, &reason),
                        1);
                run(db, NULL, own.data, key, by_text, sizeof(by_text));
                if (query.text == NULL)
                        continue;
                run(db, &query, query.text, key, by_parameters,
                        sizeof(by_parameters));
                CHECK_STR(by_parameters, by_text);
        }
        sqlite3_close(db);
}

/* Only what is known to have no effects is a read. */
static void test_reads(void)
{
        static const char *const reads[] = {"select a from t where b = '%s'",
                "SELECT lower('%s'), count(*) from t where b in ('%u', '%d')",
                "(select 1 where '%s' = 'x') union (values ('%s'));",
                "select a /* ( */ from \"t\" where exists (select 1) and (a)",
                "select a.lower from a where b = '%s'"};
        static const char *const others[] = {"select f('%s')",
                "select \"lower\"('%s')", "select x.lower ('%s')",
                "select x . lower('%s')", "insert into t values ('%s')",
                "select a from t where b = '%s' for update",
                "select a into x from t", "with a as (select 1) select '%s'",
                "(delete from t returning a)", "select nextval('x')",
                "select lower(f ('%s'))", "call f('%s')", "", "-- %s",
                "select '%s'; select 1", "select E'%s'", "explain select 1"};
        struct sql_query query;

        for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
                CHECK_INT(sql_parse(span_of(reads[i]), SQL_POSTGRESQL, &arena,
                                  &query, &reason),
                        0);
                CHECK(sql_is_read(&query));
        }
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                CHECK_INT(sql_parse(span_of(others[i]), SQL_POSTGRESQL, &arena,
                                  &query, &reason),
                        0);
                if (sql_is_read(&query))
                        printf("# %s\n", others[i]);
                CHECK(!sql_is_read(&query));
        }
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_statements);
        RUN(test_several);
        RUN(test_escaping);
        RUN(test_unsafe_keys);
        RUN(test_reads);
        RUN(test_the_same_by_sqlite);
        arena_fini(&arena);
        return check_done();
}
