/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "looped.h"
#include "support/check.h"
#include <sys/prctl.h>

#define CHECK_ANSWER(spec, key, expected) \
        CHECK_STR(answer_of(spec, key), expected)

/* Since Linux 6.3, and not in older headers. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* More steps than anybody has time for. */
#define ENDLESS "^(a+)+$"

static const char many_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

static void test_first_of_the_leftmost(void)
{
        CHECK_ANSWER("pcre:{{/(foo|foobar)/ <$1>}}", "foobar", "<foo>");
}

static void test_flags(void)
{
        CHECK_ANSWER("pcre:{{/^AB$/ x}}", "ab", "x");
        CHECK_ANSWER("pcre:{{/^ab$/i x}}", "AB", "ABSENT");
        CHECK_ANSWER("pcre:{{/^ab$/ii x}}", "AB", "x");
        CHECK_ANSWER("pcre:{{/^b$/ x}}", "a\nb", "ABSENT");
        CHECK_ANSWER("pcre:{{/^b$/m x}}", "a\nb", "x");
        CHECK_ANSWER("pcre:{{/a.b/ x}}", "a\nb", "x");
        CHECK_ANSWER("pcre:{{/a.b/s x}}", "a\nb", "ABSENT");
        CHECK_ANSWER("pcre:{{/a b/x x}}", "ab", "x");
        CHECK_ANSWER("pcre:{{/b/A x}}", "ab", "ABSENT");
        CHECK_ANSWER("pcre:{{/b$/ x}}", "ab\n", "x");
        CHECK_ANSWER("pcre:{{/b$/E x}}", "ab\n", "ABSENT");
        CHECK_ANSWER("pcre:{{/(a+)/ $1}}", "aa", "aa");
        CHECK_ANSWER("pcre:{{/(a+)/U $1}}", "aa", "a");
        CHECK_ANSWER("pcre:{{/a/X x}}", "a", "x");
        CHECK_STR(findings, "pcre:{}:1: flag 'X': PCRE2 has none, ignored\n");
        CHECK_ANSWER("pcre:{{/a/q x}, {/a/ y}}", "a", "y");
        CHECK_STR(findings,
                "pcre:{}:1: unknown flag 'q', expected any of i, m, s, "
                "x, A, E, U: rule skipped\n");
}

/* The text behind the pattern is no second one. */
static void test_no_second_pattern(void)
{
        CHECK_ANSWER("pcre:{{/a/!/b/ x}}", "a", "ABSENT");
}

static void test_bytes(void)
{
        CHECK_ANSWER("pcre:{{/^.$/ x}}", "\xc3\xa4", "ABSENT");
        CHECK_ANSWER("pcre:{{/^(.).$/ <$1>}}", "\xc3\xa4", "<\xc3>");
        CHECK_ANSWER("pcre:{{/\xc3\x84/ x}}", "\xc3\xa4", "ABSENT");
        CHECK_ANSWER("pcre:{{/^.$/ x}}", "\xff", "x");
}

static void test_mistakes(void)
{
        CHECK_ANSWER("pcre:{{/a(/ x}, {/a/ y}}", "a", "y");
        CHECK_STR(findings,
                "pcre:{}:1: character 3 of the pattern: missing closing "
                "parenthesis: rule skipped\n");
        CHECK_ANSWER("pcre:{{/a\\}, {/a/ y}}", "a", "y");
        CHECK_STR(findings,
                "pcre:{}:1: the pattern does not end: expected another "
                "'/'; rule skipped\n");
}

/* What a pattern is known to need is no more than it needs. */
static void test_needs(void)
{
        CHECK_ANSWER("pcre:{{/^(Ab|aC)/ $1}}", "AC", "AC");
        CHECK_ANSWER("pcre:{{/^AB/i x}}", "aB", "ABSENT");
        CHECK_ANSWER("pcre:{{/^(?:a|b)*Z/ x}}", "abz", "x");
        CHECK_ANSWER("pcre:{{/^$/ x}}", "", "x");
        CHECK_ANSWER("pcre:{{/^/ x}}", "", "x");
        CHECK_ANSWER("pcre:{{/a*/ x}}", "", "x");
        CHECK_ANSWER("pcre:{{/[[:^alpha:]]$/ x}}", "1", "x");
        CHECK_ANSWER("pcre:{{/(?<=a)b/ x}}", "cab", "x");
        CHECK_ANSWER("pcre:{{/^\\x80\\xff/ x}}", "\x80\xff", "x");
        CHECK_ANSWER("pcre:{{!/^b/ x}}", "a", "x");
}

/* Waiting for it, as a table that is asked at once. */
static void test_limit(void)
{
        CHECK_ANSWER("pcre:{{/b/ x}, {/" ENDLESS "/ y}, {/!/ z}}", many_a,
                "FAILED: pcre:{}:2: match limit exceeded");
        CHECK_ANSWER("pcre:{{!/" ENDLESS "/ y}, {/!/ z}}", many_a,
                "FAILED: pcre:{}:1: match limit exceeded");
        CHECK_ANSWER("pcre:{{if /" ENDLESS "/}, {endif}, {/!/ z}}", many_a,
                "FAILED: pcre:{}:1: match limit exceeded");
}

/* More than is matched where others wait, but an answer comes. */
static void test_long_way(void)
{
        struct reason reason;
        struct table *table =
                looped_open("pcre:{{/^(a|aa)+$/ x}, {/!$/ y}}", 1, &reason);
        struct asked asked;
        struct span key = {many_a + 20, 23};

        CHECK_INT(asked_start(&asked, table, key, 0), LOOKUP_PENDING);
        asked_wait(&asked);
        CHECK_INT(asked.lookup.answer, ANSWER_FOUND);
        CHECK(span_equal(asked.lookup.value, SPAN_LITERAL("y")));
        asked_fini(&asked);
        table_close(table);
}

static void test_long_key(void)
{
        struct reason reason;
        struct table *table = looped_open("pcre:{{/^(a+)$/ $1}}", 1, &reason);
        char text[60000];
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

/* Others are answered at once while threads are at their limits. */
static void test_others_meanwhile(void)
{
        struct reason reason;
        struct table *table = looped_open(
                "pcre:{{/" ENDLESS "/ x}, {/^(b)/ y$1}}", 2, &reason);
        struct asked slow[4], fast;

        for (int i = 0; i < 4; i++)
                CHECK_INT(asked_start(&slow[i], table, span_of(many_a), 0),
                        LOOKUP_PENDING);
        for (int i = 0; i < 100; i++) {
                CHECK_INT(asked_start(&fast, table, span_of("b!"), 0),
                        LOOKUP_DONE);
                CHECK_INT(fast.lookup.answer, ANSWER_FOUND);
                CHECK(span_equal(fast.lookup.value, SPAN_LITERAL("yb")));
                asked_fini(&fast);
        }
        for (int i = 0; i < 4; i++) {
                asked_wait(&slow[i]);
                CHECK_INT(slow[i].lookup.answer, ANSWER_FAILED);
                CHECK_STR(slow[i].lookup.reason.text,
                        "pcre:{}:1: match limit exceeded");
                asked_fini(&slow[i]);
        }
        table_close(table);
}

/* Between rules the thread looks at the time. */
static void test_deadline(void)
{
        char spec[10000] = "pcre:{", *end = spec + strlen(spec);
        struct reason reason;
        struct table *table;
        struct asked asked;

        /* Each takes many steps, all of them together for ever. */
        for (int i = 0; i < 300; i++)
                end += sprintf(end, "{/^(a|aa)+$/ x} ");
        strcpy(end, "}");
        table = looped_open(spec, 1, &reason);
        CHECK_INT(
                asked_start(&asked, table, (struct span){many_a + 13, 30}, 20),
                LOOKUP_PENDING);
        asked_wait(&asked);
        CHECK_INT(asked.lookup.answer, ANSWER_FAILED);
        CHECK(strstr(asked.lookup.reason.text, ": took too long") != NULL);
        asked_fini(&asked);
        table_close(table);
}

static void test_cancel_and_close(void)
{
        struct reason reason;
        struct table *table =
                looped_open("pcre:{{/" ENDLESS "/ x}}", 1, &reason);
        struct asked asked[2];

        for (int i = 0; i < 2; i++)
                CHECK_INT(asked_start(&asked[i], table, span_of(many_a), 0),
                        LOOKUP_PENDING);
        table_cancel(table, &asked[0].lookup);
        asked_fini(&asked[0]);
        asked_wait(&asked[1]);
        CHECK(!asked[0].is_finished);
        CHECK_INT(asked_start(&asked[0], table, span_of(many_a), 0),
                LOOKUP_PENDING);
        table_cancel(table, &asked[0].lookup);
        asked_fini(&asked[0]);
        asked_fini(&asked[1]);
        table_close(table); /* the thread goes on for a while */
}

/* As under MemoryDenyWriteExecute= of systemd: no machine code is made. */
static void deny_machine_code(void)
{
        if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
                perror("# PR_SET_MDWE");
}

int main(int argc, char **argv)
{
        (void)argv;
        if (argc > 1)
                deny_machine_code();
        RUN(test_first_of_the_leftmost);
        RUN(test_flags);
        RUN(test_no_second_pattern);
        RUN(test_bytes);
        RUN(test_mistakes);
        RUN(test_needs);
        RUN(test_limit);
        RUN(test_long_way);
        RUN(test_long_key);
        RUN(test_others_meanwhile);
        RUN(test_deadline);
        RUN(test_cancel_and_close);
        looped_end();
        return check_done();
}
