/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "looped.h"
#include "support/check.h"
#include <stdlib.h>

#define CHECK_ANSWER(spec, key, expected) \
        CHECK_STR(answer_of(spec, key), expected)

static void test_longest_of_the_leftmost(void)
{
        CHECK_ANSWER("regexp:{{/(foo|foobar)/ <$1>}}", "foobar", "<foobar>");
}

static void test_flags(void)
{
        CHECK_ANSWER("regexp:{{/^AB$/ x}}", "ab", "x");
        CHECK_ANSWER("regexp:{{/^ab$/i x}}", "AB", "ABSENT");
        CHECK_ANSWER("regexp:{{/^ab$/ii x}}", "AB", "x");
        CHECK_ANSWER("regexp:{{/^b$/ x}}", "a\nb", "ABSENT");
        CHECK_ANSWER("regexp:{{/^b$/m x}}", "a\nb", "x");
        CHECK_ANSWER("regexp:{{/a.b/ x}}", "a\nb", "x");
        CHECK_ANSWER("regexp:{{/(a)+/x x}}", "(a)+", "x");
        CHECK_ANSWER("regexp:{{/(a)+/x x}}", "aa", "ABSENT");
        CHECK_ANSWER("regexp:{{/a/s x}, {/a/ y}}", "a", "y");
        CHECK_STR(findings, "regexp:{}:1: unknown flag 's', expected any of "
                            "i, m, x: rule skipped\n");
}

static void test_second_pattern(void)
{
        const char *rules = "regexp:{{/^(a)/i!/b/i $1}, {/./ y}}";

        CHECK_ANSWER(rules, "ac", "a");
        CHECK_ANSWER(rules, "ab", "y");
        CHECK_ANSWER(rules, "aB", "a");
        CHECK_ANSWER(rules, "c", "y");
        CHECK_ANSWER("regexp:{{/a/!!/b/ x}}", "ab", "x");
        CHECK_ANSWER("regexp:{{!/a/!/b/ x}}", "c", "x");
        CHECK_ANSWER("regexp:{{!/a/!/b/ x}}", "b", "ABSENT");
        CHECK_ANSWER("regexp:{{/a/!/b/!/c/ x}}", "a", "!/c/ x");
        CHECK_ANSWER("regexp:{{/a/!/[/ x}, {/a/ y}}", "a", "y");
        CHECK_ANSWER("regexp:{{/a/!}, {/a/ y}}", "a", "y");
        CHECK_ANSWER("regexp:{{if /a/!/b/}, {/./ x}, {endif}}", "ab", "x");
}

/* A C locale: bytes, whatever they are. */
static void test_bytes(void)
{
        CHECK_ANSWER("regexp:{{/^.$/ x}}", "\xc3\xa4", "ABSENT");
        CHECK_ANSWER("regexp:{{/^(.).$/ <$1>}}", "\xc3\xa4", "<\xc3>");
        CHECK_ANSWER("regexp:{{/\xc3\x84/ x}}", "\xc3\xa4", "ABSENT");
        CHECK_ANSWER("regexp:{{/^.$/ x}}", "\xff", "x");
}

static void test_mistakes(void)
{
        CHECK_ANSWER("regexp:{{/a(/ x}, {/a/ y}}", "a", "y");
        CHECK_STR(findings, "regexp:{}:1: Unmatched ( or \\(: rule skipped\n");
        /* A backslash at the end ends the pattern, too. */
        CHECK_ANSWER("regexp:{{/a\\}, {/a/ y}}", "a", "");
}

static void test_references(void)
{
        struct reason reason;
        struct table *table = looped_open(
                "regexp:{{/^x/ at once}, {/^(.+)\\1$/ twice $1}}", 1, &reason);
        struct asked asked;

        CHECK_INT(asked_start(&asked, table, span_of("xx"), 0), LOOKUP_DONE);
        CHECK(span_equal(asked.lookup.value, SPAN_LITERAL("at once")));
        asked_fini(&asked);
        CHECK_INT(
                asked_start(&asked, table, span_of("abab"), 0), LOOKUP_PENDING);
        asked_wait(&asked);
        CHECK_INT(asked.lookup.answer, ANSWER_FOUND);
        CHECK(span_equal(asked.lookup.value, SPAN_LITERAL("twice ab")));
        asked_fini(&asked);
        table_close(table);
        CHECK_ANSWER("regexp:{{/^(.+)\\1$/ twice $1}}", "abab", "twice ab");
        CHECK_ANSWER("regexp:{{/^(.+)\\1$/ twice $1}}", "aba", "ABSENT");
}

static void test_long_key(void)
{
        struct reason reason;
        struct table *table = looped_open("regexp:{{/^(a+)$/ $1}}", 1, &reason);
        char text[10000];
        struct span key = {text, sizeof(text)};
        struct asked asked;

        memset(text, 'a', sizeof(text));
        CHECK_INT(asked_start(&asked, table, key, 0), LOOKUP_PENDING);
        asked_wait(&asked);
        CHECK_INT(asked.lookup.answer, ANSWER_FOUND);
        CHECK(span_equal(asked.lookup.value, key));
        asked_fini(&asked);
        table_close(table);
}

/*
 * A thread is lost in a match, which nothing can stop; neither the loop nor
 * the other thread wait for it, at the same patterns.
 */
static void test_lost_thread(void)
{
        struct reason reason;
        struct table *table = looped_open(
                "regexp:{{/^b/ b}, {/^(.*)(.*)(.*)\\1\\2\\3x$/ x}, {/^(.)\\1$/ "
                "y}}",
                2, &reason);
        static char text[700];
        struct asked lost, asked;

        memset(text, 'a', sizeof(text));
        text[sizeof(text) - 1] = '!';
        CHECK_INT(
                asked_start(&lost, table, (struct span){text, sizeof(text)}, 0),
                LOOKUP_PENDING);
        for (int i = 0; i < 20; i++) {
                CHECK_INT(asked_start(&asked, table, span_of("cc"), 0),
                        LOOKUP_PENDING);
                asked_wait(&asked);
                CHECK(span_equal(asked.lookup.value, SPAN_LITERAL("y")));
                asked_fini(&asked);
                CHECK_INT(asked_start(&asked, table, span_of("bb"), 0),
                        LOOKUP_DONE);
                CHECK(span_equal(asked.lookup.value, SPAN_LITERAL("b")));
                asked_fini(&asked);
        }
        CHECK(!lost.is_finished);
        table_cancel(table, &lost.lookup);
        asked_fini(&lost);
        table_close(table);
}

int main(void)
{
        RUN(test_longest_of_the_leftmost);
        RUN(test_flags);
        RUN(test_second_pattern);
        RUN(test_bytes);
        RUN(test_mistakes);
        RUN(test_references);
        RUN(test_long_key);
        RUN(test_lost_thread);
        looped_end();
        return check_done();
}
