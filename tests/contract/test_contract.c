/* SPDX-License-Identifier: MIT */
/* What every table type promises, each type in turn. */
#include "asking.h"
#include "base/utf8.h"
#include "fixtures.h"
#include "hostile.h"
#include "support/check.h"
#include <stdlib.h>

#define KEY "User@example.org"
#define SAME_KEY "uSER@EXAMPLE.ORG"
#define VALUE "alice@example.net, bob"
#define BIG ((size_t)100000)

static const char *directory;
static const struct table_type *type;
static const struct fixture *fixture;

/* A key that the tables have, and another way to write it. */
static const char *key, *same_key;

/* Opens a table where `key` has `value`. */
static struct table *open_with(const char *value)
{
        char *spec = fixture->make(directory, key, value);
        struct reason reason = {0};
        struct table *table = NULL;

        if (spec != NULL)
                table = open_table(spec, &reason);
        if (spec != NULL && table == NULL)
                printf("# %.300s: %s\n", spec, reason.text);
        free(spec);
        return table;
}

static enum answer when_absent(void)
{
        if (fixture->always_fails)
                return ANSWER_FAILED;
        return fixture->has_every_key ? ANSWER_FOUND : ANSWER_ABSENT;
}

static enum answer when_found(void)
{
        return fixture->always_fails ? ANSWER_FAILED : ANSWER_FOUND;
}

static void test_description(void)
{
        CHECK(type->summary != NULL && type->summary[0] != '\0');
        CHECK(type->argument != NULL && type->argument[0] != '\0');
}

static void test_found(void)
{
        const char *expected = fixture->value != NULL ? fixture->value : VALUE;
        struct table *table = open_with(expected);
        struct span value;

        CHECK(table != NULL && table->type == type);
        CHECK_INT(ask(table, span_of(key), &value), when_found());
        if (when_found() == ANSWER_FOUND)
                CHECK(span_equal(value, span_of(expected)));
        CHECK_INT(ask(table, span_of(same_key), &value), when_found());
        table_close(table);
}

static void test_absent(void)
{
        static const char *const keys[] = {"nobody@example.org",
                "User@example.or", "ser@example.org", "User@example.org ",
                "User@example.orgg", "@example.org", "User", ""};
        struct table *table = open_with(VALUE);
        char *longer = join(key, ".x");
        struct span value, with_nul = span_of(longer);

        longer[with_nul.size - 2] = '\0';
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                CHECK_INT(ask(table, span_of(keys[i]), &value), when_absent());
        CHECK_INT(ask(table, with_nul, &value), when_absent());
        free(longer);
        table_close(table);
}

static void test_big_value(void)
{
        size_t size = BIG - fixture->spare;
        char *big = malloc(size + 1);
        struct table *table;
        struct span value = {NULL, 0};

        memset(big, 'v', size);
        big[size] = '\0';
        table = open_with(big);
        CHECK_INT(ask(table, span_of(key), &value), when_found());
        if (when_found() == ANSWER_FOUND)
                CHECK(span_equal(value, (struct span){big, size}));
        table_close(table);
        free(big);
}

static void test_empty_value(void)
{
        struct table *table = open_with("");
        struct span value = {NULL, 1};

        if (table == NULL)
                return; /* the type has none */
        CHECK_INT(ask(table, span_of(key), &value), when_found());
        if (when_found() == ANSWER_FOUND)
                CHECK_INT(value.size, 0);
        table_close(table);
}

static void ask_hostile(void *ctx, struct span hostile)
{
        struct table *table = ctx;
        enum answer expected = when_absent(), answer;
        struct span value;

        if (table->folds && !fixture->always_fails && !utf8_is_valid(hostile))
                expected = ANSWER_ABSENT;
        answer = ask(table, hostile, &value);
        if (answer == ANSWER_FAILED && fixture->longest > 0 &&
                hostile.size > fixture->longest)
                return;
        if (answer != expected)
                printf("# key %.*s: %d\n", (int)hostile.size, hostile.data,
                        answer);
        CHECK(answer == expected);
}

static void test_hostile_keys(void)
{
        struct table *table = open_with(VALUE);
        struct span value;

        hostile_keys(ask_hostile, table);
        CHECK_INT(ask(table, span_of(key), &value), when_found());
        table_close(table);
}

static void run(void (*test)(void), const char *name)
{
        char title[100];

        test();
        snprintf(title, sizeof(title), "%s: %s", type->name, name);
        check_case(title);
}

int main(void)
{
        directory = make_directory();
        for (size_t i = 0; table_types[i] != NULL; i++) {
                type = table_types[i];
                fixture = find_fixture(type->name);
                CHECK(fixture != NULL);
                if (fixture == NULL)
                        continue;
                key = fixture->key != NULL ? fixture->key : KEY;
                same_key = fixture->same_key != NULL ? fixture->same_key
                                                     : SAME_KEY;
                run(test_description, "is described");
                if (fixture->make == NULL)
                        continue;
                run(test_found, "found");
                run(test_absent, "absent");
                run(test_big_value, "value of 100 kB");
                run(test_empty_value, "empty value");
                run(test_hostile_keys, "hostile keys");
        }
        fixtures_end();
        RUN(remove_directory);
        return check_done();
}
