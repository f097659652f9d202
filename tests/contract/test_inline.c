/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "support/check.h"
#include <errno.h>

static const struct {
        const char *spec, *key, *value;
} cases[] = {
        {"inline:{a=1,b=2}", "a", "1"},
        {"inline:{a=1,b=2}", "b", "2"},
        {"inline:{a=1,b=2}", "c", "ABSENT"},
        {"inline:{ a=1\t,,\r\n b=2 }", "b", "2"},
        {"inline:{ {a = 1 2, 3} {b=c} }", "a", "1 2, 3"},
        {"inline:{ { a =  1 } }", "a", "1"},
        {"inline:{{a=1}}", "a", "1"},
        {"inline:{{{a=1}}}", "{a", "1}"},
        {"inline:{a={b c}}", "a", "{b c}"},
        {"inline:{a=1{b c}d}", "a", "1{b c}d"},
        {"inline:{a==b}", "a", "=b"},
        {"inline:{a=}", "a", ""},
        {"inline:{=1}", "", "1"},
        {"inline:{ {\"A b\" = 1} }", "\"a b\"", "1"},
        {"inline:{ {\"A b\" = 1} }", "a b", "ABSENT"},
        {"inline:{\"a=1\"=3}", "\"a=1\"", "3"},
        {"inline:{a\\=b=1}", "a\\=b", "1"},
        {"inline:{ {a = \"x} }", "a", "\"x"},
        {"inline:{Straße=1}", "STRASSE", "1"},
        {"inline:{a=1\vb=2}", "a", "1\vb=2"},
};

static void test_values(void)
{
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct reason reason;
                struct table *table = open_table(cases[i].spec, &reason);

                CHECK(table != NULL);
                if (table != NULL)
                        CHECK_STR(
                                value_of(table, cases[i].key), cases[i].value);
                CHECK_STR(findings, "");
                table_close(table);
        }
}

static void test_last_duplicate_wins(void)
{
        struct reason reason;
        struct table *table =
                open_table("inline:{A=1, b=2, a=3, b=4}", &reason);

        CHECK_STR(value_of(table, "a"), "3");
        CHECK_STR(value_of(table, "b"), "4");
        CHECK_STR(findings,
                "inline: duplicate key \"a\": the last one counts\n"
                "inline: duplicate key \"b\": the last one counts\n");
        table_close(table);
}

static const struct {
        const char *spec, *text;
} errors[] = {
        {"inline:a=1",
                "inline: expected {key=value, ...}, balanced, at character 1 "
                "of a=1"},
        {"inline:{a=1",
                "inline: expected {key=value, ...}, balanced, at character 1 "
                "of {a=1"},
        {"inline:{a=1}x",
                "inline: expected nothing after the last '}' at character 6 "
                "of {a=1}x"},
        {"inline:{}", "inline: expected key=value at character 2 of {}"},
        {"inline:{ , }", "inline: expected key=value at character 2 of { , }"},
        {"inline:{a}",
                "inline: expected '=' after the key at character 3 of {a}"},
        {"inline:{a = 1}",
                "inline: expected '=' after the key at character 3 of "
                "{a = 1}"},
        {"inline:{ {a b = 1} }",
                "inline: expected '=' after the key at character 6 of "
                "{ {a b = 1} }"},
        {"inline:{ { } }",
                "inline: expected key = value at character 5 of { { } }"},
        {"inline:{ {a=1}b }",
                "inline: expected ',' or a blank after '}' at character 8 of "
                "{ {a=1}b }"},
        {"inline:{\"a=1}",
                "inline: expected another '\"' after the one in the key at "
                "character 2 of {\"a=1}"},
        {"inline:{a\xff=1}", "inline: not UTF-8: {a?=1}"},
};

static void test_errors(void)
{
        for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
                struct reason reason;

                CHECK(open_table(errors[i].spec, &reason) == NULL);
                CHECK_STR(reason.text, errors[i].text);
                CHECK_INT(reason.code, -EINVAL);
        }
}

int main(void)
{
        RUN(test_values);
        RUN(test_last_duplicate_wins);
        RUN(test_errors);
        return check_done();
}
