/* SPDX-License-Identifier: MIT */
/* Tables made of others, and those of a few values of their own. */
#include "asking.h"
#include "looped.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>

/* What Postfix's postmap -q says of the same, too. */
static const struct {
        const char *spec, *key, *answer;
} answers[] = {
        {"unionmap:{inline:{a=1,b=2},inline:{a=3}}", "a", "1,3"},
        {"unionmap:{inline:{a=1,b=2},inline:{a=3}}", "b", "2"},
        {"unionmap:{inline:{a=1,b=2},inline:{a=3}}", "c", "ABSENT"},
        {"unionmap:{static:x}", "", "x"},
        {"unionmap:{static:x static:z}", "a", "x,z"},
        {"unionmap:{,static:x,,static:y,}", "a", "x,y"},
        {"unionmap:{static:{x y}, static:z}", "a", "x y,z"},
        {"unionmap:{static:x, inline:{ {a = b,c} }}", "a", "x,b,c"},
        {"unionmap:{unionmap:{static:x,static:z}, "
         "pipemap:{static:a,inline:{a=q}}}",
                "a", "x,z,q"},
        {"unionmap:{static:x,fail:y}", "a", "FAILED: y"},
        {"unionmap:{fail:y,static:x}", "a", "FAILED: y"},
        {"unionmap:{static:{},static:x}", "a", "x"},
        {"unionmap:{static:x,static:{}}", "a", "x,"},
        {"unionmap:{static:{},static:{}}", "a", "ABSENT"},
        {"unionmap:{static:{}}", "a", "ABSENT"},
        {"unionmap:{inline:{a=b},regexp:{{/^A$/ n}}}", "A", "b,n"},
        {"unionmap:{regexp:{{/(.*)/ n$1}},inline:{a=b}}", "A", "nA,b"},
        {"unionmap:{static:x,regexp:{{/(.*)/ n$1}}}", "A", "x,na"},
        {"pipemap:{static:B,inline:{b=c}}", "a", "c"},
        {"pipemap:{static:b,inline:{x=c},fail:y}", "a", "ABSENT"},
        {"pipemap:{fail:y,static:b}", "a", "FAILED: y"},
        {"pipemap:{static:b,fail:y,static:c}", "a", "FAILED: y"},
        {"pipemap:{static:{},inline:{b=c}}", "a", "ABSENT"},
        {"pipemap:{static:{},static:x}", "a", "x"},
        {"pipemap:{static:x,static:{}}", "a", ""},
        {"pipemap:{inline:{a=B},regexp:{{/(.*)/ n$1}}}", "A", "nB"},
        {"pipemap:{regexp:{{/(.*)/ n$1}},inline:{na=yes}}", "A", "yes"},
        {"pipemap:{inline:{a=b,b=c},inline:{a=b,b=c}}", "a", "c"},
        {"pipemap:{proxy:static:b,proxy:inline:{b=c}}", "a", "c"},
        {"randmap:{x}", "", "x"},
        {"randmap:{x,}", "A", "x"},
        {"randmap:{{a b}}", "a", "{a b}"},
        {"randmap:{ {a b} }", "a", "{a b}"},
        {"randmap:{{a}b}", "a", "{a}b"},
};

static void test_answers(void)
{
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                printf("# %s\n", answers[i].spec);
                CHECK_STR(answer_of(answers[i].spec, answers[i].key),
                        answers[i].answer);
        }
}

#define EXPECTED(type, text) \
        "expected " type ":{TYPE:NAME, ...}, not \"" type ":" text "\""

static const struct {
        const char *spec, *reason;
} errors[] = {
        {"unionmap:{}", EXPECTED("unionmap", "{}")},
        {"unionmap:{ , }", EXPECTED("unionmap", "{ , }")},
        {"unionmap:static:x", EXPECTED("unionmap", "static:x")},
        {"unionmap:{static:x}z", EXPECTED("unionmap", "{static:x}z")},
        {"unionmap:{static:x", EXPECTED("unionmap", "{static:x")},
        {"unionmap: {static:x}", EXPECTED("unionmap", " {static:x}")},
        {"unionmap:{static:x} ", EXPECTED("unionmap", "{static:x} ")},
        {"pipemap:{}", EXPECTED("pipemap", "{}")},
        {"unionmap:{static:x, {static:y}}",
                "unionmap: expected TYPE:NAME without {} around it, not "
                "\"{static:y}\""},
        {"unionmap:{x}", "expected TYPE:NAME, not \"x\""},
        {"unionmap:{static:}", "expected TYPE:NAME, not \"static:\""},
        {"pipemap:{static:a, unionmap:{inline:{a}}}",
                "inline: expected '=' after the key at character 3 of {a}"},
        {"randmap:{}", "expected randmap:{VALUE, ...}, not \"randmap:{}\""},
        {"randmap:{,}", "expected randmap:{VALUE, ...}, not \"randmap:{,}\""},
        {"randmap:x", "expected randmap:{VALUE, ...}, not \"randmap:x\""},
        {"randmap:{x", "expected randmap:{VALUE, ...}, not \"randmap:{x\""},
        {"randmap:{x}y", "expected randmap:{VALUE, ...}, not \"randmap:{x}y\""},
        {"map:a b", "map: expected the name of a map, not \"a b\""},
};

static void test_errors(void)
{
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                struct reason reason = {.text = ""};

                CHECK(open_table(errors[i].spec, &reason) == NULL);
                CHECK_STR(reason.text, errors[i].reason);
                CHECK_INT(reason.code, -EINVAL);
                CHECK_INT(table_check(errors[i].spec, &reason), -EINVAL);
                CHECK_STR(reason.text, errors[i].reason);
        }
}

/* What may get right is no mistake; those that were opened are closed. */
static void test_member_not_there(void)
{
        const char *spec = "unionmap:{static:x, texthash:/nonexistent}";
        struct reason reason;

        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, -ENOENT);
        CHECK_INT(table_check(spec, &reason), 0);
}

/* Returns unionmap:{unionmap:{...static:x...}}, for the caller to free. */
static char *nest(size_t depth)
{
        static const char begin[] = "unionmap:{", inner[] = "static:x";
        char *spec = malloc(depth * sizeof(begin) + sizeof(inner));
        char *at = spec;

        for (size_t i = 0; i < depth; i++)
                at = stpcpy(at, begin);
        at = stpcpy(at, inner);
        memset(at, '}', depth);
        at[depth] = '\0';
        return spec;
}

/* However deep it is, the stack is not. */
static void test_depth(void)
{
        static const size_t depths[] = {15, 16, 60, 70, 100000};

        for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
                char *spec = nest(depths[i]);
                struct reason reason;
                struct table *table = open_table(spec, &reason);

                CHECK((table != NULL) == (depths[i] < TABLE_DEPTH_MAX));
                if (table != NULL)
                        CHECK_STR(value_of(table, "a"), "x");
                else
                        CHECK(strstr(reason.text,
                                      ": more than 16 tables inside of each "
                                      "other") != NULL);
                table_close(table);
                CHECK_INT(table_check(spec, &reason), 0);
                free(spec);
        }
}

static void test_sum(void)
{
        const char *directory = make_directory();
        char *a = write_file(directory, "a", SPAN_LITERAL("a 1\nb 2\n"));
        char *b = write_file(directory, "b", SPAN_LITERAL("a 3\n"));
        struct reason reason;
        struct table *table;
        char *spec;

        if (asprintf(&spec, "unionmap:{texthash:%s,pipemap:{texthash:%s}}", a,
                    b) < 0)
                abort();
        table = open_table(spec, &reason);
        CHECK_INT(table->entries, 3);
        CHECK_INT(table->file_count, 2);
        CHECK_STR(table->files[0].name, a);
        CHECK_STR(table->files[1].name, b);
        CHECK(table->is_text && !table->pends && !table->is_pattern);
        CHECK_STR(value_of(table, "A"), "1,3");
        table_close(table);
        free(spec);
        free(a);
        free(b);
        remove_directory();
}

static void check_kind(const char *spec, bool is_pattern, bool pends)
{
        struct reason reason;
        struct table *table = open_table(spec, &reason);

        CHECK(table->is_pattern == is_pattern);
        CHECK(table->folds == !is_pattern);
        CHECK(table->pends == pends);
        CHECK(table->entries == SIZE_MAX);
        table_close(table);
}

/* As its first member is; it pends if any of them does. */
static void test_kind(void)
{
        check_kind("unionmap:{static:x,fail:y}", false, false);
        check_kind("unionmap:{fail:y,static:x}", true, false);
        check_kind("pipemap:{randmap:{x},static:x}", true, false);
        check_kind("pipemap:{unionmap:{fail:x},static:x}", true, false);
        check_kind("unionmap:{static:x,unix:passwd.byname}", false, true);
}

static void say_nothing(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        (void)line;
}

static const char *answer_folded(const char *spec, enum fold fold)
{
        static char answer[100];
        struct report report = {.say = say_nothing};
        struct table_env env = {.report = &report, .fold = fold};
        struct reason reason;
        struct table *table = table_open(&env, spec, &reason);

        snprintf(answer, sizeof(answer), "%s", value_of(table, "A"));
        table_close(table);
        return answer;
}

static void test_fold(void)
{
        const char *both = "unionmap:{inline:{a=1,A=2},regexp:{{/(.)/ $1}}}";

        CHECK_STR(answer_folded(both, FOLD_BY_TYPE), "2,a");
        CHECK_STR(answer_folded(both, FOLD_NO), "2,A");
        CHECK_STR(
                answer_folded("pipemap:{regexp:{{/(.)/ $1}}}", FOLD_YES), "a");
        CHECK_STR(answer_folded("environ:x", FOLD_NO), "capital");
        CHECK_STR(answer_folded("environ:x", FOLD_BY_TYPE), "small");
}

static void test_environ(void)
{
        CHECK_STR(answer_of("environ:x", "A"), "small");
        CHECK_STR(answer_of("environ:{y}", "a"), "small");
        CHECK_STR(answer_of("environ:x", ""), "ABSENT");
        CHECK_STR(answer_of("environ:x", "PATH"), "ABSENT");
        CHECK_STR(answer_of("environ:x", "\xff"), "ABSENT");
}

static void test_random(void)
{
        struct reason reason;
        struct table *table = open_table("randmap:{a, b\tc}", &reason);
        unsigned counts[3] = {0};

        CHECK(table->is_pattern && table->is_text);
        for (int i = 0; i < 3000; i++)
                counts[value_of(table, "x")[0] - 'a']++;
        for (int i = 0; i < 3; i++) /* 800: about 8 deviations away */
                CHECK(counts[i] > 800);
        table_close(table);
        table = open_table("randmap:{\xff}", &reason);
        CHECK(!table->is_text);
        table_close(table);
}

/* The other map compares keys in its own way. */
static void test_map(void)
{
        struct reason reason;
        struct table *table;

        CHECK(open_table("map:other", &reason) == NULL);
        CHECK_STR(reason.text, "map:other: there are no maps here");
        other_map = join("regexp:", "{{/(.*)/ <$1>}}");
        CHECK_STR(answer_of("map:other", "A"), "<A>");
        CHECK_STR(answer_of("unionmap:{map:other,inline:{a=b}}", "A"), "<A>,b");
        CHECK_STR(answer_of("unionmap:{inline:{a=b},map:other}", "A"), "b,<a>");
        free(other_map);
        other_map = join("inline:", "{a=b}");
        table = open_table("map:other", &reason);
        CHECK(!table->is_pattern && !table->folds && table->is_text);
        CHECK_INT(table->entries, 1);
        CHECK_STR(value_of(table, "A"), "b");
        table_close(table);
        free(other_map);
        other_map = join("texthash:", "/nonexistent");
        CHECK(open_table("map:other", &reason) == NULL);
        CHECK_STR(reason.text, "/nonexistent: No such file or directory");
        CHECK_INT(reason.code, -ENOENT);
        free(other_map);
        other_map = NULL;
}

static char steps[2000];

static void note(void *ctx, const char *text)
{
        size_t used = strlen(steps);

        (void)ctx;
        snprintf(steps + used, sizeof(steps) - used, "%s\n", text);
}

static void test_trace(void)
{
        struct trace trace = {.step = note};
        struct arena arena;
        struct lookup lookup = {
                .key = SPAN_LITERAL("a"), .arena = &arena, .trace = &trace};
        struct reason reason;
        struct table *table = open_table(
                "unionmap:{inline:{b=1}, pipemap:{static:x}, fail:no}",
                &reason);

        arena_init(&arena, NULL, 0, 10000);
        table_start(table, &lookup);
        CHECK_STR(steps, "unionmap: member inline:{b=1}: not found\n"
                         "pipemap: member static:x: found \"x\"\n"
                         "unionmap: member pipemap:{static:x}: found \"x\"\n"
                         "unionmap: member fail:no: failed: no\n");
        arena_fini(&arena);
        table_close(table);
}

/* Asks a table that answers later, and returns what value_of does. */
static const char *later(const char *spec, const char *key)
{
        static char text[300];
        struct reason reason;
        struct table *table = looped_open(spec, 2, &reason);
        struct asked asked;

        CHECK_INT(asked_start(&asked, table, span_of(key), 0), LOOKUP_PENDING);
        asked_wait(&asked);
        if (asked.lookup.answer == ANSWER_FOUND)
                snprintf(text, sizeof(text), "%.*s",
                        (int)asked.lookup.value.size, asked.lookup.value.data);
        else if (asked.lookup.answer == ANSWER_ABSENT)
                snprintf(text, sizeof(text), "ABSENT");
        else
                snprintf(text, sizeof(text), "FAILED: %s",
                        asked.lookup.reason.text);
        asked_fini(&asked);
        table_close(table);
        return text;
}

/* Members that answer later, among others, nested. */
static void test_pending(void)
{
        CHECK_STR(later("unionmap:{static:x, unix:group.byname, static:y}",
                          "root"),
                "x,root:x:0:,y");
        CHECK_STR(later("unionmap:{unix:group.byname, unix:group.byname}",
                          "root"),
                "root:x:0:,root:x:0:");
        CHECK_STR(later("unionmap:{unix:group.byname, fail:no}", "root"),
                "FAILED: no");
        CHECK_STR(later("unionmap:{unix:group.byname, static:x}", "no body"),
                "x");
        CHECK_STR(later("pipemap:{unix:group.byname, static:x}", "no body"),
                "ABSENT");
        CHECK_STR(later("pipemap:{static:root, unix:group.byname, "
                        "inline:{root:x:0:=yes}}",
                          "a"),
                "yes");
        CHECK_STR(later("unionmap:{static:x, pipemap:{inline:{a=root}, "
                        "unionmap:{unix:group.byname, static:z}}, static:y}",
                          "A"),
                "x,root:x:0:,z,y");
}

static void test_cancel(void)
{
        struct reason reason;
        struct table *table = looped_open(
                "unionmap:{static:x, pipemap:{unix:group.byname}}", 1, &reason);
        struct asked asked, another;

        CHECK_INT(asked_start(&asked, table, SPAN_LITERAL("root"), 0),
                LOOKUP_PENDING);
        table_cancel(table, &asked.lookup);
        asked_fini(&asked);
        CHECK_INT(asked_start(&another, table, SPAN_LITERAL("root"), 0),
                LOOKUP_PENDING);
        asked_wait(&another);
        CHECK(!asked.is_finished);
        CHECK_INT(another.lookup.answer, ANSWER_FOUND);
        asked_fini(&another);
        table_close(table);
}

/* Values that do not fit are a failure. */
static void test_no_memory(void)
{
        struct reason reason;
        struct table *table =
                open_table("unionmap:{static:xxxxxxxxxxxxxxxxxxxxxxxxx,"
                           "static:yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy}",
                        &reason);
        enum answer answer = ANSWER_FAILED;
        size_t limit = 0;

        while (answer == ANSWER_FAILED && limit < 10000) {
                struct arena arena;
                struct lookup lookup = {
                        .key = SPAN_LITERAL("a"), .arena = &arena};

                arena_init(&arena, NULL, 0, limit++);
                table_start(table, &lookup);
                answer = lookup.answer;
                arena_fini(&arena);
        }
        CHECK_INT(answer, ANSWER_FOUND);
        CHECK(limit > 60);
        table_close(table);
}

int main(void)
{
        setenv("a", "small", 1);
        setenv("A", "capital", 1);
        RUN(test_answers);
        RUN(test_errors);
        RUN(test_member_not_there);
        RUN(test_depth);
        RUN(test_sum);
        RUN(test_kind);
        RUN(test_fold);
        RUN(test_environ);
        RUN(test_random);
        RUN(test_map);
        RUN(test_trace);
        RUN(test_pending);
        RUN(test_cancel);
        RUN(test_no_memory);
        looped_end();
        return check_done();
}
