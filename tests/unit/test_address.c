/* SPDX-License-Identifier: MIT */
#include "maps/address.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;

/* Room for small answers; static until the next call. */
static const char *text_of(struct span span)
{
        static char text[200];

        snprintf(text, sizeof(text), "%.*s", (int)span.size, span.data);
        return text;
}

static const char *quoted(const char *internal, enum address_part part)
{
        struct span external = {NULL, 0};

        CHECK_INT(address_quote(span_of(internal), part, &arena, &external), 0);
        return text_of(external);
}

static const char *unquoted(const char *external)
{
        struct span internal = {NULL, 0};

        CHECK_INT(address_unquote(span_of(external), &arena, &internal), 0);
        return text_of(internal);
}

/* Internal forms and what Postfix's quote_822_local makes of them. */
static const struct {
        const char *internal, *external;
} forms[] = {
        {"user@d", "user@d"}, {"user", "user"}, {"a.b-c!d%e@d", "a.b-c!d%e@d"},
        {"a b@d", "\"a b\"@d"}, {"@d", "\"\"@d"}, {"", "\"\""},
        {".a@d", "\".a\"@d"}, {"a.@d", "\"a.\"@d"}, {"a..b@d", "\"a..b\"@d"},
        {"a@b@c", "\"a@b\"@c"}, {"a\"b\\c\rd@d", "\"a\\\"b\\\\c\\\rd\"@d"},
        {"a\tb@d", "\"a\tb\"@d"}, {"a\177@d", "\"a\177\"@d"},
        {"(a)@d", "\"(a)\"@d"}, {"<a>@d", "\"<a>\"@d"}, {"a,b@d", "\"a,b\"@d"},
        {"a;b@d", "\"a;b\"@d"}, {"a:b@d", "\"a:b\"@d"}, {"[a]@d", "\"[a]\"@d"},
        {"\303\244@d", "\303\244@d"}, /* 8-bit is left alone */
        {"a@b c", "a@b c"},           /* the domain, too */
        {"@r:a b@d", "@r:\"a b\"@d"}, /* and a route */
};

static void test_quoting(void)
{
        for (size_t i = 0; i < COUNT(forms); i++)
                CHECK_STR(quoted(forms[i].internal, ADDRESS_WHOLE),
                        forms[i].external);
}

static void test_unquoting_what_was_quoted(void)
{
        for (size_t i = 0; i < COUNT(forms); i++)
                CHECK_STR(unquoted(forms[i].external), forms[i].internal);
}

static void test_quoting_a_local_part(void)
{
        CHECK_STR(quoted("user", ADDRESS_LOCAL), "user");
        CHECK_STR(quoted("a b", ADDRESS_LOCAL), "\"a b\"");
        CHECK_STR(quoted("a@b", ADDRESS_LOCAL), "\"a@b\"");
        CHECK_STR(quoted("", ADDRESS_LOCAL), "\"\"");
}

/* A route of relays and a colon is never quoted: Postfix doesn't, either. */
static void test_route(void)
{
        CHECK_STR(quoted("@a:", ADDRESS_WHOLE), "@a:\"\"");
        CHECK_STR(unquoted("@\"a:\"b\"@d"), "@\"a:b@d");
}

static void test_unquoting_anything(void)
{
        CHECK_STR(unquoted("\"abc\"@d"), "abc@d");
        CHECK_STR(unquoted("a\\b@d"), "ab@d");
        CHECK_STR(unquoted("\"a@b"), "a@b");
        CHECK_STR(unquoted("\"a\"b\"c d\""), "abc d");
        CHECK_STR(unquoted("a\\"), "a");
        CHECK_STR(unquoted("\""), "");
        /* Nothing behind the last '@' outside quotes is unquoted. */
        CHECK_STR(unquoted("\"a\"@\"b\"\\c"), "a@\"b\"\\c");
        CHECK_STR(unquoted("a@b@\"c@d"), "a@b@\"c@d");
}

static void test_nothing_to_do_costs_nothing(void)
{
        struct arena none;
        struct span key = SPAN_LITERAL("user+ext@example.com"), same;

        arena_init(&none, NULL, 0, 0);
        CHECK_INT(address_quote(key, ADDRESS_WHOLE, &none, &same), 0);
        CHECK(same.data == key.data && same.size == key.size);
        CHECK_INT(address_unquote(key, &none, &same), 0);
        CHECK(same.data == key.data && same.size == key.size);
        key = SPAN_LITERAL("\"a b\"@d");
        CHECK_INT(address_unquote(key, &none, &same), -ENOMEM);
        CHECK_INT(address_quote(key, ADDRESS_WHOLE, &none, &same), -ENOMEM);
        arena_fini(&none);
}

static void test_at(void)
{
        CHECK_INT(address_at(span_of("a@b@c")), 3);
        CHECK_INT(address_at(span_of("@c")), 0);
        CHECK_INT(address_at(span_of("a")), 1);
        CHECK_INT(address_at((struct span){NULL, 0}), 0);
}

static const struct {
        const char *delimiter, *local, *bare;
} extensions[] = {
        {"+", "user+ext", "user"},
        {"+", "user", "user"},
        {"", "user+ext", "user+ext"},
        {"+", "user+", "user"},
        {"+", "a+b+c", "a"},
        {"+-", "a-b+c", "a"}, /* the first of the set */
        {"-+", "a+b-c", "a"},
        {"+", "+ext", "+ext"}, /* not at the start */
        {"+", "+a+b", "+a+b"},
        {"+", "john doe+x", "john doe"},
        {"-", "Mailer-Daemon", "Mailer-Daemon"},
        {"-", "double-bounce", "double-bounce"},
        {"-", "DOUBLE-Bounce", "DOUBLE-Bounce"},
        {"o", "PostMaster", "PostMaster"},
        {"+", "Postmaster+x", "Postmaster"}, /* that one is split */
        {"+-", "owner-x+y", "owner-x+y"},
        {"+-", "OWNER-x+y", "OWNER-x+y"},
        {"+", "owner-x+y", "owner-x"},
        {"-", "owner-", "owner-"},
        {"+-", "x+y-request", "x+y-request"},
        {"+-", "x+y-Request", "x+y-Request"},
        {"+", "x+y-request", "x"},
        {"-", "x-requests", "x"},
        {"-", "ownerx-y", "ownerx"},
};

static size_t bare_size(const char *delimiter, const char *local, bool special)
{
        struct address_rules rules = {span_of(delimiter), special};

        return address_bare_size(span_of(local), &rules);
}

static void test_extensions(void)
{
        for (size_t i = 0; i < COUNT(extensions); i++) {
                struct span local = span_of(extensions[i].local);

                local.size = bare_size(
                        extensions[i].delimiter, extensions[i].local, true);
                CHECK_STR(text_of(local), extensions[i].bare);
        }
}

static void test_owner_and_request_not_special(void)
{
        CHECK_INT(bare_size("+-", "owner-x+y", false), 5);
        CHECK_INT(bare_size("-", "x-request", false), 1);
        CHECK_INT(bare_size("-", "mailer-daemon", false), 13);
}

int main(void)
{
        arena_init(&arena, NULL, 0, 1 << 20);
        RUN(test_quoting);
        RUN(test_unquoting_what_was_quoted);
        RUN(test_quoting_a_local_part);
        RUN(test_route);
        RUN(test_unquoting_anything);
        RUN(test_nothing_to_do_costs_nothing);
        RUN(test_at);
        RUN(test_extensions);
        RUN(test_owner_and_request_not_special);
        arena_fini(&arena);
        return check_done();
}
