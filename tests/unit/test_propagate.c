/* SPDX-License-Identifier: MIT */
#include "maps/propagate.h"
#include "maps/rfc822.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;

/* Static until the next call. */
static const char *text_of(int r, struct span span)
{
        static char text[300];

        if (r < 0)
                snprintf(text, sizeof(text), "error %d", r);
        else
                snprintf(text, sizeof(text), "%.*s", (int)span.size, span.data);
        return text;
}

static const char *extended(const char *list, const char *extension)
{
        struct span result = {NULL, 0};
        int r = propagate_extension(
                span_of(list), span_of(extension), &arena, &result);

        return text_of(r, result);
}

/* As mail_addr_crunch of Postfix 3.7 does it, but for the rewriting. */
static const struct {
        const char *list, *extension, *result;
} lists[] = {
        {"a@b", "+x", "a+x@b"},
        {"\"b b\"@c", "+x", "\"b b+x\"@c"},
        {"Foo <a@b>", "+x", "a+x@b"},
        {"alice bob", "+x", "alice+x, bob+x"},
        {"a@b@c", "+x", "\"a@b+x\"@c"},
        {"a@b", "+x y", "\"a+x y\"@b"},
        {"a@b,c@d", "+x", "a+x@b, c+x@d"},
        {"a@b\nc@d\r\n\te@f", "+x", "a+x@b, c+x@d, e+x@f"},
        {"a @ b . c", "+x", "a+x@b.c"},
        {" ,a@b,,c@d, ", "+x", "a+x@b, c+x@d"},
        {"a@b (x, (y) \\) z) c@d", "+x", "a+x@b, c+x@d"},
        {"(x", "+x", "error -74"},
        {"a@b (x", "+x", "a+x@b"},
        {"\"Foo, Bar\" <a@b>, x", "+x", "a+x@b, x+x"},
        {"Foo <a@b> c@d", "+x", "a+x@b, c+x@d"},
        {"group: a, b@c;, d", "+x", "a+x, b+x@c, d+x"},
        {"group: a;", "+x", "a+x"},
        {"group:;", "+x", "error -74"},
        {"x, group: Foo <a@b>, c;", "+x", "x+x, a+x@b, c+x"},
        {"@r:a@b", "+x", "@r:a+x@b"},
        {"<@r:a@b>", "+x", "@r:a+x@b"},
        {"<@r,@s:a@b>", "+x", "@r, @s:a+x@b"},
        {"a@[1.2.3.4]", "+x", "a+x@[1.2.3.4]"},
        {"a@[x\\]y]", "+x", "a+x@[x]y]"},
        {"a\\ b@c", "+x", "\"a b+x\"@c"},
        {"\"a\\\"b\"@c", "+x", "\"a\\\"b+x\"@c"},
        {"\"a@b", "+x", "a+x@b"},
        {"<a b@c>", "+x", "ab+x@c"},
        {"|cmd", "+x", "|cmd+x"},
        {"h!u", "+x", "h!u+x"},
        {"u%h", "+x", "u%h+x"},
        {"@d1, @d2", "+x", "+x@d1, +x@d2"},
        {"<>", "+x", "+x"},
        {"", "+x", "+x"},
        {" ", "+x", "error -74"},
        {",", "+x", "error -74"},
        {"(c)", "+x", "error -74"},
        {"\303\244@b", "+x", "\303\244+x@b"},
        {"a@b", "", "a@b"},
};

static void test_lists(void)
{
        CHECK_INT(-EBADMSG, -74);
        for (size_t i = 0; i < COUNT(lists); i++)
                CHECK_STR(extended(lists[i].list, lists[i].extension),
                        lists[i].result);
}

/*
 * An '@' of the sender's must not make a domain where Postfix will put its own:
 * "u+x@evil"@D would else be sent to r+x@evil.
 */
static void test_no_domain_comes_from_an_extension(void)
{
        CHECK_STR(extended("r", "+x@evil"), "\"r+x@evil\"");
        CHECK_STR(extended("r@y", "+x@evil"), "\"r+x@evil\"@y");
}

/* Asks for the value that the given candidate of a virtual order found. */
static const char *result(
        const char *key, int which, bool propagates, const char *value)
{
        struct order_options options = {.address = {SPAN_LITERAL("+"), true}};
        struct span text = {NULL, 0};
        struct candidates candidates;
        struct candidate candidate;
        int r;

        candidates_init(
                &candidates, ORDER_VIRTUAL, &options, span_of(key), &arena);
        do
                CHECK_INT(candidates_next(&candidates, &candidate), 1);
        while (which-- > 0);
        r = propagate_result(
                &candidate, propagates, span_of(value), &arena, &text);
        return text_of(r, text);
}

enum { FULL, STRIPPED, DOMAIN };

static void test_only_what_a_stripped_key_left_over(void)
{
        CHECK_STR(result("u+x@D", FULL, true, "r@y"), "r@y");
        CHECK_STR(result("u+x@D", STRIPPED, true, "r@y"), "r+x@y");
        CHECK_STR(result("u+x@D", STRIPPED, false, "r@y"), "r@y");
        CHECK_STR(result("u+x@D", DOMAIN, true, "r@y"), "r@y");
        CHECK_STR(result("u@D", FULL, true, "Foo <r@y>"), "Foo <r@y>");
        CHECK_STR(result("u+x@D", STRIPPED, true, "a, b@c"), "a+x, b+x@c");
}

static void test_extension_keeps_its_case(void)
{
        CHECK_STR(result("User+Ext@D", STRIPPED, true, "r@y"), "r+Ext@y");
        CHECK_STR(result("User+Ext@D", STRIPPED, true, "@Z"), "User+Ext@Z");
}

/* Others than stripped ones are left to Postfix, which knows the local part. */
static void test_other_domain(void)
{
        CHECK_STR(result("u+x@D", STRIPPED, false, "@Z"), "u@Z");
        CHECK_STR(result("u+x@D", STRIPPED, true, "@Z"), "u+x@Z");
        CHECK_STR(result("u+x@D", FULL, true, "@Z"), "@Z");
        CHECK_STR(result("u+x@D", DOMAIN, true, "@Z"), "@Z");
        CHECK_STR(result("\"a b+c d\"@D", STRIPPED, false, "@Z"), "\"a b\"@Z");
        CHECK_STR(
                result("\"a b+c d\"@D", STRIPPED, true, "@Z"), "\"a b+c d\"@Z");
        /* Nonsense, but just Postfix's. */
        CHECK_STR(
                result("u+x@D", STRIPPED, true, "@d1, @d2"), "\"u@d1, +x\"@d2");
        CHECK_STR(
                result("u+x@D", STRIPPED, false, "@d1, @d2"), "\"u@d1, \"@d2");
}

static void test_no_address_is_a_failure(void)
{
        CHECK_STR(result("u+x@D", STRIPPED, true, "(c)"), "error -74");
        CHECK_STR(result("u+x@D", STRIPPED, false, "(c)"), "(c)");
}

/* What would take quadratic time, or a deep stack, were it read carelessly. */
static void test_long_lists(void)
{
        static const char *const patterns[] = {"a ", "a,", "<", ">", "(", ")",
                ":", ";", "\"", "\\", "[", "@", ">;:,", "a<b>;"};
        struct rfc822_address *first;
        enum { SIZE = 100000 };
        char *text = malloc(SIZE);

        for (size_t i = 0; i < COUNT(patterns); i++) {
                struct arena big;

                for (size_t j = 0; j < SIZE; j++)
                        text[j] = patterns[i][j % strlen(patterns[i])];
                arena_init(&big, NULL, 0, (size_t)64 * SIZE);
                CHECK_INT(rfc822_addresses(
                                  (struct span){text, SIZE}, &big, &first),
                        0);
                arena_fini(&big);
        }
        free(text);
}

static void test_no_bytes(void)
{
        struct rfc822_address *first;
        struct arena fresh;

        arena_init(&fresh, NULL, 0, 10000);
        CHECK_INT(rfc822_addresses(span_of(""), &fresh, &first), 0);
        CHECK(first == NULL);
        arena_fini(&fresh);
}

static void test_no_memory(void)
{
        struct arena none;
        struct span text;

        arena_init(&none, NULL, 0, 0);
        CHECK_INT(propagate_extension(SPAN_LITERAL("a@b"), SPAN_LITERAL("+x"),
                          &none, &text),
                -ENOMEM);
        arena_fini(&none);
}

int main(void)
{
        arena_init(&arena, NULL, 0, 1 << 20);
        RUN(test_lists);
        RUN(test_no_domain_comes_from_an_extension);
        RUN(test_only_what_a_stripped_key_left_over);
        RUN(test_extension_keeps_its_case);
        RUN(test_other_domain);
        RUN(test_no_address_is_a_failure);
        RUN(test_long_lists);
        RUN(test_no_bytes);
        RUN(test_no_memory);
        arena_fini(&arena);
        return check_done();
}
