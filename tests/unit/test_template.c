/* SPDX-License-Identifier: MIT */
#include "support/check.h"
#include "tables/support/template.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static struct arena arena;
static struct reason reason;

/* Expands a query; "-" when the key makes none. */
static const char *query(const char *text, const char *key)
{
        struct template template;
        struct span made;
        int r = template_parse(
                span_of(text), TEMPLATE_QUERY, &arena, &template, &reason);

        if (r < 0)
                return reason.text;
        r = template_expand_key(
                &template, span_of(key), NULL, NULL, &arena, &made);
        return r == 1 ? made.data : r == 0 ? "-" : "failed";
}

/* Expands a result; "-" when the value is skipped. */
static const char *result(const char *text, const char *value, const char *key)
{
        struct template template;
        struct span made;
        int r = template_parse(
                span_of(text), TEMPLATE_RESULT, &arena, &template, &reason);

        if (r < 0)
                return reason.text;
        r = template_expand_result(
                &template, span_of(value), span_of(key), &arena, &made);
        if (r <= 0)
                return r == 0 ? "-" : "failed";
        return arena_copy(&arena, made);
}

static void test_parts_of_a_key(void)
{
        CHECK_STR(query("", "a@b.c"), "");
        CHECK_STR(query("no part", "a@b.c"), "no part");
        CHECK_STR(query("%%%s%%", "a@b.c"), "%a@b.c%");
        CHECK_STR(query("%u at %d", "a@b@c.d"), "a@b at c.d");
        CHECK_STR(query("%S %U %D", "a@b"), "a@b a b");
        CHECK_STR(query("%u", "bare"), "bare");
        CHECK_STR(query("%1 %2 %3", "a@x.y.z"), "z y x");
        CHECK_STR(query("%9%1", "a@1.2.3.4.5.6.7.8.9"), "19");
        CHECK_STR(query("%s%s", "a%u"), "a%ua%u");
}

static void test_keys_without_a_query(void)
{
        CHECK_STR(query("x", ""), "-");
        CHECK_STR(query("%s", "@d"), "@d");
        CHECK_STR(query("%u", "@d"), "-");
        CHECK_STR(query("%U", "@"), "-");
        CHECK_STR(query("%u", "u@"), "u");
        CHECK_STR(query("%d", "u@"), "-");
        CHECK_STR(query("%d", "u"), "-");
        CHECK_STR(query("%D", "@d"), "d");
        CHECK_STR(query("%1", "d.e"), "-");
        CHECK_STR(query("%1", "@d.e"), "e");
        CHECK_STR(query("%3", "u@d.e"), "-");
        CHECK_STR(query("%2 %9", "u@a.b.c.d.e.f.g.h"), "-");
        CHECK_STR(query("%1", "u@..."), "-");
}

/* As Postfix's: dots at the ends and double ones don't count. */
static void test_empty_labels(void)
{
        CHECK_STR(query("%1 %2", "u@x..com"), "com x");
        CHECK_STR(query("%1 %2", "u@.x.com."), "com x");
        CHECK_STR(query("%d", "u@x..com"), "x..com");
        CHECK_STR(query("%3", "u@x..com"), "-");
}

static void test_results(void)
{
        CHECK_STR(result("%s", "v", "k"), "v");
        CHECK_STR(result("[%s] %%", "v@w", "k"), "[v@w] %");
        CHECK_STR(result("%u|%d", "v@w@x", "k"), "v@w|x");
        CHECK_STR(result("%u", "v", "k"), "v");
        CHECK_STR(result("%U|%D|%S|%1", "v", "k@x.y"), "k|x.y|k@x.y|y");
        CHECK_STR(result("text", "v", "k"), "text");
}

static void test_skipped_values(void)
{
        CHECK_STR(result("text", "", "k"), "-");
        CHECK_STR(result("%d", "v", "k@d"), "-");
        CHECK_STR(result("%d", "v@", "k@d"), "-");
        CHECK_STR(result("%u", "@v", "k@d"), "-");
        CHECK_STR(result("%s", "@v", "k@d"), "@v");
        CHECK_STR(result("%s %D", "v", "k"), "-");
        CHECK_STR(result("%s %U", "v", "@k"), "-");
        CHECK_STR(result("%s %2", "v", "k@d"), "-");
        CHECK_STR(result("%s", "v", ""), "-");
}

static void test_mistakes(void)
{
        struct template template;

        CHECK_STR(query("a %x", "k"),
                "unknown \"%x\": there are %s %u %d %S %U %D %1 to %9, and "
                "%% for a '%'");
        CHECK_STR(query("100%", "k"), "'%' at the end: write %% for a '%'");
        CHECK_STR(query("%%%", "k"), "'%' at the end: write %% for a '%'");
        CHECK_INT(template_parse(SPAN_LITERAL("%0"), TEMPLATE_QUERY, &arena,
                          &template, &reason),
                -EINVAL);
        CHECK_INT(reason.code, -EINVAL);
        CHECK_INT(template_parse(SPAN_LITERAL("%\0"), TEMPLATE_RESULT, &arena,
                          &template, &reason),
                -EINVAL);
}

static int double_all(void *ctx, struct span part, struct arena *memory,
        struct span *ret_quoted)
{
        char *text = arena_bytes(memory, 2 * part.size + 1);

        if (*(int *)ctx < 0)
                return *(int *)ctx;
        for (size_t i = 0; i < part.size; i++)
                text[2 * i] = text[2 * i + 1] = part.data[i];
        *ret_quoted = (struct span){text, 2 * part.size};
        return 0;
}

static void test_quoting(void)
{
        struct template template;
        struct span made;
        int ctx = 0;

        template_parse(SPAN_LITERAL("q%u%%%d"), TEMPLATE_QUERY, &arena,
                &template, &reason);
        CHECK(template.is_dynamic);
        CHECK_INT(template_expand_key(&template, span_of("ab@c"), double_all,
                          &ctx, &arena, &made),
                1);
        CHECK_STR(made.data, "qaabb%cc");
        ctx = -ERANGE;
        CHECK_INT(template_expand_key(&template, span_of("ab@c"), double_all,
                          &ctx, &arena, &made),
                -ERANGE);
}

static void test_needs(void)
{
        struct template_needs needs = {.labels = 1};
        const struct template_needs more = {.user = true, .labels = 2};

        template_needs_add(&needs, &more);
        CHECK(template_needs_met(&needs, span_of("u@a.b")));
        CHECK(!template_needs_met(&needs, span_of("@a.b")));
        CHECK(!template_needs_met(&needs, span_of("u@b")));
}

static void test_many_pieces(void)
{
        char text[2000 * 2 + 1] = "";
        const char *made;

        for (size_t i = 0; i < 2000; i++)
                memcpy(text + 2 * i, i % 2 == 0 ? "%s" : "%%", 3);
        made = query(text, "k");
        CHECK_INT(strlen(made), 2000);
        CHECK(strspn(made, "k%") == 2000);
}

static void test_no_memory(void)
{
        struct template template;
        struct arena small;
        struct span made;

        template_parse(SPAN_LITERAL("%s!"), TEMPLATE_QUERY, &arena, &template,
                &reason);
        arena_init(&small, NULL, 0, 0);
        CHECK_INT(template_expand_key(
                          &template, span_of("k"), NULL, NULL, &small, &made),
                -ENOMEM);
        CHECK_INT(template_parse(SPAN_LITERAL("%s"), TEMPLATE_QUERY, &small,
                          &template, &reason),
                -ENOMEM);
        CHECK_INT(reason.code, -ENOMEM);
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_parts_of_a_key);
        RUN(test_keys_without_a_query);
        RUN(test_empty_labels);
        RUN(test_results);
        RUN(test_skipped_values);
        RUN(test_mistakes);
        RUN(test_quoting);
        RUN(test_needs);
        RUN(test_many_pieces);
        RUN(test_no_memory);
        arena_fini(&arena);
        return check_done();
}
