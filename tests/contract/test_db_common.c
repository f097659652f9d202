/* SPDX-License-Identifier: MIT */
/* What tables that are asked by queries have in common. */
#include "asking.h"
#include "support/check.h"
#include "tables/support/db_common.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static const char *directory;
static struct arena arena;
static char said[1000];

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        snprintf(said, sizeof(said), "%s", line);
}

static struct report report = {.say = say};
static const struct table_env env = {.report = &report};
static struct reason reason;

static struct db_common *open_with(struct db_common_options options)
{
        struct db_common *common;

        said[0] = '\0';
        common = db_common_open(&env, &options, &reason);
        if (common == NULL)
                printf("# %s\n", reason.text);
        return common;
}

static struct db_common *open_domains(const char *domain)
{
        return open_with((struct db_common_options){.domain = domain});
}

static struct lookup lookup_of(const char *key)
{
        return (struct lookup){
                .key = span_of(key), .deadline = UINT64_MAX, .arena = &arena};
}

/* Returns 1, 0, or a negative errno with the reason set. */
static int allows(const struct db_common *common, const char *key)
{
        struct lookup lookup = lookup_of(key);
        int r = db_common_allows(common, &lookup, lookup.key);

        if (r < 0)
                CHECK_INT(lookup.answer, ANSWER_FAILED);
        reason = lookup.reason;
        return r;
}

static void test_names(void)
{
        struct db_common *common =
                open_domains("!no.example, Example.ORG {x}\tSTRASSE.de .z");

        CHECK_INT(allows(common, "a@example.org"), 1);
        CHECK_INT(allows(common, "a@EXAMPLE.org"), 1);
        CHECK_INT(allows(common, "a@straße.de"), 1);
        CHECK_INT(allows(common, "a@b@example.org"), 1);
        CHECK_INT(allows(common, "a@sub.example.org"), 0);
        CHECK_INT(allows(common, "a@no.example"), 0);
        CHECK_INT(allows(common, "a@y.z"), 0);
        CHECK_INT(allows(common, "a@.z"), 1);
        CHECK_INT(allows(common, "a@"), 0);
        CHECK_INT(allows(common, "a@\xff"), 0);
        db_common_close(common);
}

/* Neither catch-all keys nor bare domains are asked for. */
static void test_keys_without_a_domain(void)
{
        struct db_common *common = open_domains("static:all");

        CHECK_INT(allows(common, "a@b"), 1);
        CHECK_INT(allows(common, "@b"), 0);
        CHECK_INT(allows(common, "b"), 0);
        CHECK_INT(allows(common, "@"), 0);
        CHECK_INT(allows(common, ""), 0);
        db_common_close(common);
}

static void test_order_decides(void)
{
        struct db_common *common = open_domains("a, !a, !b, b, !!c");

        CHECK_INT(allows(common, "x@a"), 1);
        CHECK_INT(allows(common, "x@b"), 0);
        CHECK_INT(allows(common, "x@c"), 1);
        db_common_close(common);
}

static void test_tables(void)
{
        struct db_common *common = open_domains(
                "!inline:{ {no.example = x} }, inline:{Yes.Example=x} "
                "[::1]");

        CHECK_INT(allows(common, "a@yes.example"), 1);
        CHECK_INT(allows(common, "a@no.example"), 0);
        CHECK_INT(allows(common, "a@[::1]"), 1);
        db_common_close(common);
}

static void test_failing_table(void)
{
        struct db_common *common = open_domains("before fail:why after");

        CHECK_INT(allows(common, "a@before"), 1);
        CHECK_INT(allows(common, "a@after"), -EIO);
        CHECK_STR(reason.text, "domain: fail:why: why");
        db_common_close(common);
}

static void test_files(void)
{
        char *inner = write_file(directory, "inner", SPAN_LITERAL("!deep\n"));
        char *text = join("# one\nA, b # no\n  c\n!d !", inner);
        char *outer = write_file(directory, "outer", span_of(text));
        struct db_common *common = open_domains(outer);
        const struct table_file *files;
        size_t count;

        CHECK_INT(allows(common, "x@a"), 1);
        CHECK_INT(allows(common, "x@c"), 1);
        CHECK_INT(allows(common, "x@d"), 0);
        CHECK_INT(allows(common, "x@deep"), 1);
        CHECK_INT(allows(common, "x@no"), 0);
        CHECK(strstr(said, "outer: list of domains: no comment") != NULL);
        files = db_common_files(common, &count);
        CHECK_INT(count, 2);
        CHECK(files != NULL && files[0].state.inode != 0);
        db_common_close(common);
        free(outer);
        free(text);
        free(inner);
}

static void test_files_of_tables(void)
{
        char *path = write_file(directory, "table", SPAN_LITERAL("t x\n"));
        char *spec = join("texthash:", path);
        struct db_common *common = open_domains(spec);
        const struct table_file *files;
        size_t count;

        files = db_common_files(common, &count);
        CHECK_INT(count, 1);
        CHECK_STR(files[0].name, path);
        CHECK_INT(allows(common, "a@t"), 1);
        db_common_close(common);
        free(spec);
        free(path);
}

static void test_file_in_itself(void)
{
        char *path = join(directory, "/self");

        free(write_file(directory, "self", span_of(path)));
        CHECK(open_domains(path) == NULL);
        CHECK_INT(reason.code, -EBADMSG);
        CHECK(strstr(reason.text, "too many files") != NULL);
        free(path);
}

static const struct {
        struct db_common_options options;
        int code;
        const char *text;
} mistakes[] = {
        {{.query = "%x"}, -EINVAL,
                "query: unknown \"%x\": there are %s %u %d %S %U %D %1 to %9, "
                "and %% for a '%'"},
        {{.result_format = "%"}, -EINVAL,
                "result_format: '%' at the end: write %% for a '%'"},
        {{.domain = "!"}, -EINVAL,
                "domain: !: expected a domain behind the '!'"},
        {{.domain = "a \xff"}, -EINVAL, "domain: ?: not UTF-8"},
        {{.domain = "nosuch:x"}, -EINVAL, NULL},
        {{.domain = "/nonexistent/x"}, -ENOENT,
                "domain: /nonexistent/x: No such file or directory"},
        {{.domain = "texthash:/nonexistent/x"}, -ENOENT,
                "domain: texthash:/nonexistent/x: /nonexistent/x: No such file "
                "or directory"},
        {{.domain = "/"}, -EISDIR, "domain: /: Is a directory"},
};

static void test_mistakes(void)
{
        for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
                CHECK(db_common_open(&env, &mistakes[i].options, &reason) ==
                        NULL);
                CHECK_INT(reason.code, mistakes[i].code);
                if (mistakes[i].text != NULL)
                        CHECK_STR(reason.text, mistakes[i].text);
        }
}

/* What the result needs of the key is needed for the query, too. */
static void test_needs_of_both(void)
{
        struct db_common *common = open_with((struct db_common_options){
                .query = "%s", .result_format = "%s %D"});

        CHECK_INT(allows(common, "a@b"), 1);
        CHECK_INT(allows(common, "b"), 0);
        CHECK_INT(allows(common, "@b"), 1);
        db_common_close(common);
        common = open_with(
                (struct db_common_options){.query = "x", .result_format = "y"});
        CHECK_INT(allows(common, "b"), 1);
        CHECK_INT(allows(common, ""), 0);
        db_common_close(common);
}

static void test_query(void)
{
        struct db_common *common =
                open_with((struct db_common_options){.query = "%d|%u"});
        struct lookup lookup = lookup_of("a@b");
        struct span key = lookup.key;

        CHECK_INT(db_common_query(common, &lookup, &key), 1);
        CHECK_STR(key.data, "b|a");
        key = span_of("b");
        CHECK_INT(db_common_query(common, &lookup, &key), 0);
        CHECK_STR(key.data, "b");
        db_common_close(common);
}

static enum answer one(const struct db_common *common, const char *value,
        struct span *ret_value)
{
        struct lookup lookup = lookup_of("k@d");

        CHECK_INT(db_common_result(common, &lookup, lookup.key, span_of(value)),
                0);
        *ret_value = lookup.value;
        return lookup.answer;
}

static void test_one_value(void)
{
        struct db_common *common =
                open_with((struct db_common_options){.result_format = "%d %U"});
        struct span value;

        CHECK_INT(one(common, "v@w", &value), ANSWER_FOUND);
        CHECK(span_equal(value, span_of("w k")));
        CHECK_INT(one(common, "v", &value), ANSWER_ABSENT);
        /* An empty value is a mistake in the table, not absence. */
        CHECK_INT(one(common, "", &value), ANSWER_FOUND);
        CHECK_INT(value.size, 0);
        db_common_close(common);
}

/* Joins rows, NULL-terminated but for "(NULL)", and says what came of them. */
static const char *rows(
        const char *format, uint64_t limit, const char *const *values)
{
        static char text[300];
        struct db_common *common = open_with((struct db_common_options){
                .result_format = format, .expansion_limit = limit});
        struct lookup lookup = lookup_of("k@d");
        struct db_rows joined;
        int r = 0;

        db_rows_init(&joined, common, &lookup);
        for (; r == 0 && *values != NULL; values++) {
                struct span value = span_of(*values);

                if (strcmp(*values, "(NULL)") == 0)
                        value = (struct span){NULL, 0};
                r = db_rows_add(&joined, value);
        }
        if (r == 0)
                db_rows_answer(&joined);
        if (lookup.answer == ANSWER_FOUND)
                snprintf(text, sizeof(text), "%.*s", (int)lookup.value.size,
                        lookup.value.data);
        else
                snprintf(text, sizeof(text), "%s%s",
                        lookup.answer == ANSWER_ABSENT ? "absent" : "failed: ",
                        lookup.answer == ANSWER_ABSENT ? ""
                                                       : lookup.reason.text);
        db_common_close(common);
        return text;
}

#define ROWS(format, limit, ...) \
        rows(format, limit, (const char *const[]){__VA_ARGS__, NULL})

static void test_rows(void)
{
        CHECK_STR(rows(NULL, 0, (const char *const[]){NULL}), "absent");
        CHECK_STR(ROWS(NULL, 0, "a"), "a");
        CHECK_STR(ROWS(NULL, 0, "a", "", "b", "(NULL)", "a"), "a,b,a");
        CHECK_STR(ROWS(NULL, 0, "", "(NULL)"), "absent");
        CHECK_STR(ROWS("<%d>", 0, "a@b", "c", "d@", "e@f"), "<b>,<f>");
        CHECK_STR(ROWS("%u", 0, "@b", "c"), "c");
        CHECK_STR(ROWS("x", 0, "a", "b"), "x,x");
}

static void test_limit(void)
{
        CHECK_STR(ROWS("%d", 2, "a@b", "skipped", "c@d"), "b,d");
        CHECK_STR(ROWS("%s", 2, "a", "b", "c"),
                "failed: more than 2 values: expansion_limit");
        CHECK_STR(ROWS("%s", 1, "", "a", ""), "a");
}

static void test_long_rows(void)
{
        struct db_common *common = open_domains(NULL);
        struct lookup lookup = lookup_of("k");
        struct db_rows joined;

        db_rows_init(&joined, common, &lookup);
        for (int i = 0; i < 10000; i++)
                CHECK_INT(db_rows_add(&joined, SPAN_LITERAL("value")), 0);
        db_rows_answer(&joined);
        CHECK_INT(lookup.value.size, 10000 * 6 - 1);
        CHECK(memcmp(lookup.value.data + 59993, ",value", 6) == 0);
        db_common_close(common);
}

int main(void)
{
        directory = make_directory();
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_names);
        RUN(test_keys_without_a_domain);
        RUN(test_order_decides);
        RUN(test_tables);
        RUN(test_failing_table);
        RUN(test_files);
        RUN(test_files_of_tables);
        RUN(test_file_in_itself);
        RUN(test_mistakes);
        RUN(test_needs_of_both);
        RUN(test_query);
        RUN(test_one_value);
        RUN(test_rows);
        RUN(test_limit);
        RUN(test_long_rows);
        arena_fini(&arena);
        remove_directory();
        return check_done();
}
