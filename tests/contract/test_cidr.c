/* SPDX-License-Identifier: MIT */
#include "asking.h"
#include "support/check.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK_ANSWER(spec, key, expected) \
        CHECK_STR(answer_of(spec, key), expected)

static void test_networks(void)
{
        CHECK_ANSWER("cidr:{{192.0.2.0/24 x}}", "192.0.2.255", "x");
        CHECK_ANSWER("cidr:{{192.0.2.0/24 x}}", "192.0.3.0", "ABSENT");
        CHECK_ANSWER("cidr:{{192.0.2.1 x}}", "192.0.2.1", "x");
        CHECK_ANSWER("cidr:{{192.0.2.1 x}}", "192.0.2.2", "ABSENT");
        CHECK_ANSWER("cidr:{{192.0.2.128/25 x}}", "192.0.2.128", "x");
        CHECK_ANSWER("cidr:{{192.0.2.128/25 x}}", "192.0.2.127", "ABSENT");
        CHECK_ANSWER("cidr:{{0.0.0.0/0 x}}", "255.255.255.255", "x");
        CHECK_ANSWER("cidr:{{2001:db8::/33 x}}", "2001:db8:7fff::1", "x");
        CHECK_ANSWER("cidr:{{2001:db8::/33 x}}", "2001:db8:8000::1", "ABSENT");
        CHECK_ANSWER("cidr:{{2001:db8::1 x}}", "2001:DB8:0::1", "x");
        CHECK_ANSWER("cidr:{{::/0 x}}", "2001:db8::1", "x");
        CHECK_ANSWER("cidr:{{10.0.0.0/08 x}}", "10.1.1.1", "x");
}

static void test_brackets(void)
{
        CHECK_ANSWER("cidr:{{[192.0.2.0]/24 x}}", "192.0.2.9", "x");
        CHECK_ANSWER("cidr:{{[192.0.2.0/24] x}}", "192.0.2.9", "x");
        CHECK_ANSWER("cidr:{{[::1] x}}", "::1", "x");
        CHECK_ANSWER("cidr:{{![::1] x}}", "::2", "x");
}

static void test_first_match(void)
{
        const char *rules = "cidr:{{10.1.0.0/16 a}, {10.0.0.0/8 b}, "
                            "{10.1.1.0/24 c}, {10.0.0.0/8 d}, {0.0.0.0/0 e}}";

        CHECK_ANSWER(rules, "10.1.1.1", "a");
        CHECK_ANSWER(rules, "10.2.1.1", "b");
        CHECK_ANSWER(rules, "11.0.0.0", "e");
}

static void test_values(void)
{
        CHECK_ANSWER("cidr:{{10.0.0.1   a  b\tc  }}", "10.0.0.1", "a  b\tc");
        CHECK_ANSWER("cidr:{{10.0.0.1 $1}}", "10.0.0.1", "$1");
}

/* A rule is for its own family. */
static void test_families(void)
{
        CHECK_ANSWER("cidr:{{0.0.0.0/0 x}}", "::1", "ABSENT");
        CHECK_ANSWER("cidr:{{0.0.0.0/0 x}}", "::ffff:1.2.3.4", "ABSENT");
        CHECK_ANSWER("cidr:{{::/0 x}}", "1.2.3.4", "ABSENT");
        CHECK_ANSWER("cidr:{{!1.2.3.4 x}}", "::1", "ABSENT");
        CHECK_ANSWER("cidr:{{!::1 x}}", "1.2.3.4", "ABSENT");
        CHECK_ANSWER("cidr:{{::ffff:1.2.3.0/120 x}}", "::ffff:1.2.3.4", "x");
}

static void test_negation(void)
{
        const char *rules = "cidr:{{10.0.0.1 a}, {!10.0.0.0/8 b}, "
                            "{10.0.0.2 c}, {!!10.0.0.3 d}, {! ! !10.0.0.4 e}}";

        CHECK_ANSWER(rules, "10.0.0.1", "a");
        CHECK_ANSWER(rules, "11.0.0.1", "b");
        CHECK_ANSWER(rules, "10.0.0.2", "c");
        CHECK_ANSWER(rules, "10.0.0.3", "d");
        CHECK_ANSWER(rules, "10.0.0.5", "e");
        CHECK_ANSWER(rules, "10.0.0.4", "ABSENT");
}

static void test_if(void)
{
        const char *rules =
                "cidr:{{10.0.0.9 first}, {if 10.0.0.0/8}, {if !10.1.0.0/16}, "
                "{10.2.0.0/16 a}, {!10.3.0.0/16 b}, {endif}, {10.3.0.1 c}, "
                "{0.0.0.0/0 d}, {endif}, {10.0.0.0/8 e}, {11.0.0.0/8 f}}";

        CHECK_ANSWER(rules, "10.0.0.9", "first");
        CHECK_ANSWER(rules, "10.2.0.1", "a");
        CHECK_ANSWER(rules, "10.4.0.1", "b");
        CHECK_ANSWER(rules, "10.3.0.1", "c");
        CHECK_ANSWER(rules, "10.1.0.1", "d");
        CHECK_ANSWER(rules, "11.0.0.1", "f");
        CHECK_ANSWER(rules, "::1", "ABSENT");
        CHECK_ANSWER("cidr:{{if 10.0.0.0/8}, {10.0.0.1 x}}", "10.0.0.1", "x");
        CHECK_STR(findings,
                "cidr:{}:1: IF without an ENDIF: it goes on to the end\n");
        /* With text behind it an ENDIF ends nothing. */
        CHECK_ANSWER("cidr:{{if 10.0.0.0/8}, {endif x}, {11.0.0.1 x}}",
                "11.0.0.1", "ABSENT");
        CHECK_ANSWER("cidr:{{if 10.0.0.1 x}, {11.0.0.1 x}}", "11.0.0.1", "x");
        CHECK_ANSWER("cidr:{{endif}, {11.0.0.1 x}}", "11.0.0.1", "x");
}

static void test_keys(void)
{
        static const char *const keys[] = {"", " ", "a", "010.1.1.1",
                "10.1.1.1 ", " 10.1.1.1", "10.1.1", "10.1.1.1/8", "10.1.1.256",
                "[10.1.1.1]", "fe80::1%eth0", "::g", "1::2::3", ":",
                "host.example.org",
                "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"};

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                CHECK_ANSWER(
                        "cidr:{{0.0.0.0/0 x}, {::/0 y}}", keys[i], "ABSENT");
        CHECK_ANSWER("cidr:{{::/0 y}}",
                "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "y");
}

static void test_mistakes(void)
{
        static const struct {
                const char *rule, *finding;
        } mistakes[] = {
                {"10.0.0.1/8 x",
                        "\"10.0.0.1/8\" has bits set behind the first 8, "
                        "perhaps you mean \"10.0.0.0/8\""},
                {"2001:db8::1/32 x",
                        "\"2001:db8::1/32\" has bits set behind the first 32, "
                        "perhaps you mean \"2001:db8::/32\""},
                {"10.0.0.0/33 x",
                        "\"10.0.0.0/33\": expected a number from 0 to 32 "
                        "behind the '/'"},
                {"::/129 x", "\"::/129\": expected a number from 0 to 128 "
                             "behind the '/'"},
                {"10.0.0.0/99999999999 x",
                        "\"10.0.0.0/99999999999\": expected a number from 0 "
                        "to 32 behind the '/'"},
                {"10.0.0.0/ x", "\"10.0.0.0/\": expected a number from 0 to "
                                "32 behind the '/'"},
                {"10.0.0.0/+8 x", "\"10.0.0.0/+8\": expected a number from 0 "
                                  "to 32 behind the '/'"},
                {"10 x", "\"10\" is no IP address, as 192.0.2.1 or "
                         "2001:db8::1 is"},
                {"10.0.0/24 x", "\"10.0.0\" is no IP address, as 192.0.2.1 or "
                                "2001:db8::1 is"},
                {"[10.0.0.1 x", "\"[10.0.0.1\": expected ']'"},
                {"[10.0.0.1]x x", "text behind \"[10.0.0.1]\""},
                {"[10.0.0.0/8]/8 x", "\"10.0.0.0/8\" is no IP address, as "
                                     "192.0.2.1 or 2001:db8::1 is"},
                {"10.0.0.1", "no value"},
                {"! x", "\"x\" is no IP address, as 192.0.2.1 or 2001:db8::1 "
                        "is"},
                {"!", "no address"},
                {"if", "no address"},
        };

        for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
                char spec[100], finding[200];

                snprintf(spec, sizeof(spec), "cidr:{{%s}, {10.0.0.1 y}}",
                        mistakes[i].rule);
                snprintf(finding, sizeof(finding),
                        "cidr:{}:1: %s: rule skipped\n", mistakes[i].finding);
                CHECK_ANSWER(spec, "10.0.0.1", "y");
                CHECK_STR(findings, finding);
        }
}

/* Many networks, against a look at each of them in turn. */
static void test_many(void)
{
        enum { COUNT = 5000 };
        static unsigned networks[COUNT], lengths[COUNT];
        unsigned seed = 1;
        char *text = NULL, *path, *spec;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        struct reason reason;
        struct table *table;

        for (int i = 0; i < COUNT; i++) {
                lengths[i] = 4 + (unsigned)rand_r(&seed) % 29;
                networks[i] = (unsigned)rand_r(&seed) * 2 >>
                              (32 - lengths[i]) << (32 - lengths[i]);
                fprintf(file, "%u.%u.%u.%u/%u %d\n", networks[i] >> 24,
                        networks[i] >> 16 & 255, networks[i] >> 8 & 255,
                        networks[i] & 255, lengths[i], i);
        }
        fclose(file);
        path = write_file(make_directory(), "cidr", (struct span){text, size});
        spec = join("cidr:", path);
        table = open_table(spec, &reason);
        for (int i = 0; i < 1000; i++) {
                unsigned address = networks[i] | (unsigned)rand_r(&seed) % 9;
                char key[30], value[20] = "ABSENT";

                snprintf(key, sizeof(key), "%u.%u.%u.%u", address >> 24,
                        address >> 16 & 255, address >> 8 & 255, address & 255);
                for (int j = COUNT - 1; j >= 0; j--)
                        if ((address ^ networks[j]) >> (32 - lengths[j]) == 0)
                                snprintf(value, sizeof(value), "%d", j);
                CHECK_STR(value_of(table, key), value);
        }
        CHECK_STR(table->files[0].name, path);
        table_close(table);
        free(spec);
        free(path);
        free(text);
        remove_directory();
}

int main(void)
{
        RUN(test_networks);
        RUN(test_brackets);
        RUN(test_first_match);
        RUN(test_values);
        RUN(test_families);
        RUN(test_negation);
        RUN(test_if);
        RUN(test_keys);
        RUN(test_mistakes);
        RUN(test_many);
        return check_done();
}
