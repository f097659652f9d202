/* SPDX-License-Identifier: MIT */
/* Specifications of tables: what is wrong by itself, and what may get right. */
#include "asking.h"
#include "support/check.h"
#include <errno.h>

static const struct {
        const char *spec;
        int code;
        const char *text;
} errors[] = {
        {"", -EINVAL, "expected TYPE:NAME, not \"\""},
        {"static", -EINVAL, "expected TYPE:NAME, not \"static\""},
        {"static:", -EINVAL, "expected TYPE:NAME, not \"static:\""},
        {"fail:", -EINVAL, "expected TYPE:NAME, not \"fail:\""},
        {":x", -EINVAL, "expected TYPE:NAME, not \":x\""},
        {"proxy:", -EINVAL, "expected TYPE:NAME, not \"proxy:\""},
        {"texthash:x", -EINVAL,
                "texthash:x: write the absolute path of the file, such as "
                "texthash:/etc/postfix/x"},
        {"nosuch:/x", -EINVAL, "unknown table type \"nosuch\"; there are: *"},
        {"Static:x", -EINVAL, "unknown table type \"Static\"; there are: *"},
        {"static:{a", -EINVAL, "expected {...}, balanced, in \"{a\""},
        {"static:{a}b", -EINVAL, "text after the last '}' in \"{a}b\""},
        {"fail:{a", -EINVAL, "expected {...}, balanced, in \"{a\""},
        {"texthash:/nonexistent/x", -ENOENT,
                "/nonexistent/x: No such file or directory"},
        {"texthash:/", -EISDIR, "/: Is a directory"},
        {"texthash:/etc/passwd/x", -ENOTDIR, "/etc/passwd/x: Not a directory"},
};

/* A text that ends with '*' is the beginning of one. */
static void check_text(const char *text, const char *expected)
{
        char cut[300];
        size_t size = strlen(expected);

        if (size > 0 && expected[size - 1] == '*') {
                size--;
                CHECK(strlen(text) > size);
                snprintf(cut, sizeof(cut), "%.*s*", (int)size, text);
                text = cut;
        }
        CHECK_STR(text, expected);
}

static void test_errors(void)
{
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                struct reason reason;

                CHECK(open_table(errors[i].spec, &reason) == NULL);
                check_text(reason.text, errors[i].text);
                CHECK_INT(reason.code, errors[i].code);
        }
}

/* The names that there are go with it. */
static void test_unknown_type(void)
{
        static const char *const specs[] = {"hesiod:/x", "Static:x"};

        struct reason reason;

        for (size_t i = 0; i < 2; i++) {
                CHECK(open_table(specs[i], &reason) == NULL);
                CHECK_INT(reason.code, -EINVAL);
                CHECK(strncmp(reason.text, "unknown table type \"", 20) == 0);
                CHECK(strstr(reason.text, "there are: ") != NULL);
        }
        CHECK(open_table("nisplus:/x", &reason) == NULL);
        CHECK_STR(reason.text,
                "nisplus: a table type of Postfix that is not served here");
}

/* What is wrong by itself shows without opening anything. */
static void test_check(void)
{
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                struct reason reason = {.text = ""};
                bool is_wrong = errors[i].code == -EINVAL;

                CHECK_INT(table_check(errors[i].spec, &reason),
                        is_wrong ? -EINVAL : 0);
                check_text(reason.text, is_wrong ? errors[i].text : "");
        }
}

static void test_check_inline(void)
{
        struct reason reason;

        CHECK_INT(table_check("inline:{a=1}", &reason), 0);
        CHECK_INT(table_check("inline:{a=1, a=2}", &reason), 0);
        CHECK_INT(table_check("inline:{a}", &reason), -EINVAL);
        CHECK_STR(reason.text,
                "inline: expected '=' after the key at character 3 of {a}");
        CHECK_INT(table_check("static:{a} ", &reason), -EINVAL);
        CHECK_INT(table_check("fail:x", &reason), 0);
}

static void check_value(const char *spec, const char *value)
{
        struct reason reason;
        struct table *table = open_table(spec, &reason);

        CHECK(table != NULL);
        if (table != NULL)
                CHECK_STR(value_of(table, "any key"), value);
        table_close(table);
}

static void test_static(void)
{
        check_value("static:x", "x");
        check_value("static: x", " x");
        check_value("static:a b, c", "a b, c");
        check_value("static:{ hello, world }", "hello, world");
        check_value("static:{{ a } b}", "{ a } b");
        check_value("static:{}", "");
        check_value("static:a}", "a}");
        check_value("proxy:static:x", "x");
        check_value("static:proxy:x", "proxy:x");
}

static void test_static_key_not_utf8(void)
{
        struct reason reason;
        struct table *table = open_table("static:x", &reason);

        CHECK_STR(value_of(table, "\xff"), "ABSENT");
        CHECK(table->is_text);
        table_close(table);
        table = open_table("static:\xff", &reason);
        CHECK(!table->is_text);
        table_close(table);
}

static void test_fail(void)
{
        check_value(
                "fail:moved on 1 May, 10:00", "FAILED: moved on 1 May, 10:00");
        check_value("fail:{ closed now }", "FAILED: closed now");
        check_value("fail:100%s\n", "FAILED: 100%s?");
}

static void test_pattern(void)
{
        struct reason reason;
        struct table *table = open_table("fail:x", &reason);

        CHECK(table->is_pattern && !table->pends);
        table_close(table);
        table = open_table("static:x", &reason);
        CHECK(!table->is_pattern && !table->pends);
        table_close(table);
}

static void test_close_null(void)
{
        table_close(NULL);
}

int main(void)
{
        RUN(test_errors);
        RUN(test_unknown_type);
        RUN(test_check);
        RUN(test_check_inline);
        RUN(test_static);
        RUN(test_static_key_not_utf8);
        RUN(test_fail);
        RUN(test_pattern);
        RUN(test_close_null);
        return check_done();
}
