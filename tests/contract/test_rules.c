/* SPDX-License-Identifier: MIT */
/* What the tables of rules with patterns have in common. */
#include "asking.h"
#include "support/check.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *type;
static const char *directory;

/* Checks an answer of rules in braces: check("{/a/ b}", ...). */
static void check(const char *rules, const char *key, const char *expected)
{
        char *spec;

        if (asprintf(&spec, "%s:{%s}", type, rules) < 0)
                abort();
        if (strcmp(answer_of(spec, key), expected) != 0)
                printf("# %s\n", spec);
        CHECK_STR(answer_of(spec, key), expected);
        free(spec);
}

/* Warnings of the table in braces, without its name. */
static void check_found(const char *expected)
{
        char *text;

        if (asprintf(&text, "%s:{}:%s", type, expected) < 0)
                abort();
        CHECK_STR(findings, text);
        free(text);
}

static void ignore_finding(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        (void)line;
}

static void test_order(void)
{
        check("{/a/ first}, {/a/ second}", "a", "first");
        check("{/b/ first} {/a/ second}", "a", "second");
        check("{/b/ first}", "a", "ABSENT");
}

static void test_delimiters(void)
{
        check("{!a!b!c}", "x", "ABSENT"); /* not /a/: '!' negates */
        check("{~^a/b$~ x}", "a/b", "x");
        check("{/^a\\/b$/ x}", "a/b", "x");
        check("{,^a$, x}", "a", "x");
        check("{\"^a$\" x}", "a", "x");
        check("{! a^b$a x}", "c", "x"); /* 'a' is one, behind '!' */
        check("{/a b/ x}", "a b", "x");
        check("{foo/ x}, {/a/ y}", "a", "y");
        check_found("1: expected /PATTERN/ RESULT, IF or ENDIF: rule "
                    "skipped\n");
        check("{!}, {/a/ y}", "a", "y");
        check_found("1: no pattern: rule skipped\n");
        check("{/a}, {/a/ y}", "a", "y");
        check_found("1: the pattern does not end: expected another '/'; rule "
                    "skipped\n");
}

static void test_negation(void)
{
        check("{!/b/ x}", "a", "x");
        check("{!/a/ x}", "a", "ABSENT");
        check("{! /b/ x}", "a", "x");
        check("{!!/a/ x}", "a", "x");
        check("{! ! !/a/ x}", "a", "ABSENT");
        check("{!/(b)/ $1}, {/a/ y}", "a", "y");
        check_found("1: $1 in the result of a negated pattern, which matches "
                    "nothing: rule skipped\n");
}

static void test_results(void)
{
        check("{/^(.*)@(.*)$/ $2: ${1} $(2)x $$1}", "u@d", "d: u dx $1");
        check("{/(x)?a/ <$1>}", "a", "<>");
        check("{/(x*)a/ <$1>}", "a", "<>");
        check("{/(a)/ $1$1$1}", "a", "aaa");
        check("{/(a)/ ${01}}", "a", "a");
        check("{/a/ a  b }", "a", "a  b");
        check("{/a/ 100$$}", "a", "100$");
}

static void test_bad_results(void)
{
        static const char *const results[] = {"$", "$ 1", "$0", "$1abc", "${}",
                "$name", "${1", "$(1", "${{1}}", "${1x}", "$-1", "x$",
                "${99999999999999999999}"};

        for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
                char text[100];
                char *path, *spec;

                snprintf(text, sizeof(text), "/(a)/ %s\n/a/ y\n", results[i]);
                path = write_file(directory, "rules", span_of(text));
                if (asprintf(&spec, "%s:%s", type, path) < 0)
                        abort();
                CHECK_STR(answer_of(spec, "a"), "y");
                CHECK(strstr(findings, "rules:1: \"$") != NULL);
                CHECK(strstr(findings, ": rule skipped\n") != NULL);
                free(spec);
                free(path);
        }
        check("{/(a)/ $2}, {/a/ y}", "a", "y");
        check_found("1: $2, but the pattern has 1 group: rule skipped\n");
        check("{/(a)/ $1abc}", "a", "ABSENT");
        check_found("1: \"$1abc\" names no group: write $1 or, before a "
                    "letter, ${1}; and $$ for a dollar sign: rule skipped\n");
}

static void test_no_result(void)
{
        check("{/a/}, {/a/ y}", "a", "");
        check_found("1: no result: the value is empty, an error where an "
                    "address is looked up\n");
}

static void test_if(void)
{
        const char *nested = "{if /a/}, {/1/ one}, {IF !/b/}, {/2/ two}, "
                             "{EndIf}, {/3/ three}, {endif}, {/./ other}";

        check(nested, "a1", "one");
        check(nested, "a2", "two");
        check(nested, "ab2", "other");
        check(nested, "ab3", "three");
        check(nested, "1", "other");
        check("{if/a/}, {/a/ x}, {endif}", "a", "x");
        check("{if!/a/}, {/b/ x}, {endif}", "b", "x");
        check("{if /a/ text}, {/a/ x}, {endif text}, {/b/ y}", "ab", "x");
        check("{if /a/}, {/a/ x}, {endif text}, {/b/ y}", "b", "y");
        check_found("3: text behind ENDIF: ignored\n");
        check("{ifa}, {/b/ y}", "b", "y");
}

static void test_if_without_end(void)
{
        const char *rules = "{if /a/}, {if /b/}, {/./ x}, {endif}, {/./ y}";

        check(rules, "ab", "x");
        check(rules, "a", "y");
        check(rules, "b", "ABSENT");
        check_found("1: IF without an ENDIF: it goes on to the end\n");
        check("{endif}, {/a/ x}", "a", "x");
        check_found("1: ENDIF without an IF: ignored\n");
        /* A bad IF leaves its ENDIF to the one around it. */
        check("{if /a/}, {if /[/}, {endif}, {/./ x}, {endif}", "b", "x");
}

static void test_braces(void)
{
        struct reason reason;
        char spec[100];

        check("", "a", "ABSENT");
        check(" {  /a{2}/   x  } , { # /b/ y } {/b/ {z}} ", "aa", "x");
        check("{/b/ {z}}", "b", "{z}");
        snprintf(spec, sizeof(spec), "%s:{/a/ x}", type);
        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, -EINVAL);
        CHECK_INT(table_check(spec, &reason), -EINVAL);
        snprintf(spec, sizeof(spec), "%s:{{/a/ x}} y", type);
        CHECK_INT(table_check(spec, &reason), -EINVAL);
        snprintf(spec, sizeof(spec), "%s:{{/a/ x}}", type);
        CHECK_INT(table_check(spec, &reason), 0);
        snprintf(spec, sizeof(spec), "%s:rules", type);
        CHECK_INT(table_check(spec, &reason), -EINVAL);
}

static void test_file(void)
{
        struct span text = SPAN_LITERAL("# rules\r\n"
                                        "\r\n"
                                        "/^long/ one\r\n"
                                        "   two\r\n"
                                        "if /x/\n"
                                        "\n"
                                        "/y/q z\n"
                                        "/y/ z");
        char *path = write_file(directory, "rules", text), *spec, *expected;
        struct reason reason;
        struct table *table;

        if (asprintf(&spec, "%s:%s", type, path) < 0 ||
                asprintf(&expected, "%s:5: IF without", path) < 0)
                abort();
        table = open_table(spec, &reason);
        CHECK_STR(value_of(table, "longer"), "one\r   two");
        CHECK_STR(value_of(table, "xy"), "z");
        CHECK_STR(value_of(table, "y"), "ABSENT");
        CHECK(strstr(findings, "rules:7: unknown flag 'q'") != NULL);
        CHECK(strstr(findings, expected) != NULL);
        CHECK_INT(table->entries, 3);
        CHECK_INT(table->file_count, 1);
        CHECK_STR(table->files[0].name, path);
        CHECK(table->is_pattern && !table->folds);
        table_close(table);
        remove(path);
        CHECK(open_table(spec, &reason) == NULL);
        CHECK_INT(reason.code, -ENOENT);
        free(expected);
        free(spec);
        free(path);
}

/* Where a result must take nothing from the key. */
static void test_no_substitution(void)
{
        struct report report = {.say = ignore_finding};
        struct table_env env = {.report = &report, .no_substitution = true};
        struct reason reason;
        struct table *table;
        char spec[100];

        snprintf(spec, sizeof(spec), "%s:{{/(a)/ $1}, {/(a)/ $$1}}", type);
        table = table_open(&env, spec, &reason);
        CHECK_STR(value_of(table, "a"), "$1");
        table_close(table);
}

static void test_fold(void)
{
        struct report report = {.say = ignore_finding};
        struct table_env env = {.report = &report, .fold = FOLD_YES};
        struct reason reason;
        struct table *table;
        char spec[100];

        snprintf(spec, sizeof(spec), "%s:{{/(A)/i upper}, {/(a)/i $1}}", type);
        table = table_open(&env, spec, &reason);
        CHECK_STR(value_of(table, "A"), "a");
        table_close(table);
        check("{/(A)/i upper}, {/(a)/i $1}", "A", "upper");
}

/* Whether this build has it. */
static bool is_there(const char *name)
{
        for (size_t i = 0; table_types[i] != NULL; i++)
                if (strcmp(table_types[i]->name, name) == 0)
                        return true;
        return false;
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
        static const char *const types[] = {"pcre", "regexp"};

        directory = make_directory();
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
                type = types[i];
                if (!is_there(type))
                        continue;
                run(test_order, "order");
                run(test_delimiters, "delimiters");
                run(test_negation, "negation");
                run(test_results, "results");
                run(test_bad_results, "bad results");
                run(test_no_result, "no result");
                run(test_if, "if");
                run(test_if_without_end, "if without end");
                run(test_braces, "braces");
                run(test_file, "file");
                run(test_no_substitution, "no substitution");
                run(test_fold, "fold");
        }
        remove_directory();
        return check_done();
}
