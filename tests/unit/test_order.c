/* SPDX-License-Identifier: MIT */
/*
 * The candidates of each order, one after the other. Those of addresses were
 * compared with what Postfix 3.7's own mail_addr_find() asks its tables for.
 */
#include "maps/candidates.h"
#include "maps/order_walk.h"
#include "support/check.h"
#include <errno.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TEXT(text)                       \
        {                                \
                (text), sizeof(text) - 1 \
        }

static const struct span mine[] = {
        TEXT("mine.example"), TEXT("[127.0.0.1]"), TEXT("[ipv6:2001:db8::1]")};

static struct order_options options;

/*
 * Returns all candidates, a blank behind each; what pattern tables see has a
 * '!' before it, what lacks its extension has that in () behind it. Static
 * until the next call.
 */
static const char *ask(enum order order, struct span key)
{
        static char text[2000];
        struct candidates candidates;
        struct candidate one;
        struct arena arena;
        size_t used = 0;
        int r;

        arena_init(&arena, NULL, 0, 1 << 20);
        candidates_init(&candidates, order, &options, key, &arena);
        text[0] = '\0';
        while ((r = candidates_next(&candidates, &one)) == 1) {
                used += (size_t)snprintf(text + used, sizeof(text) - used,
                        "%s%.*s", one.is_full ? "!" : "", (int)one.key.size,
                        one.key.data);
                if (one.is_stripped)
                        used += (size_t)snprintf(text + used,
                                sizeof(text) - used, "(%.*s|%.*s)",
                                (int)one.local.size, one.local.data,
                                (int)one.extension.size, one.extension.data);
                used += (size_t)snprintf(text + used, sizeof(text) - used, " ");
        }
        CHECK_INT(r, 0);
        CHECK_INT(candidates_next(&candidates, &one), 0);
        arena_fini(&arena);
        return text;
}

#define CHECK_ORDER(order, key, expected) \
        CHECK_STR(ask(order, SPAN_LITERAL(key)), expected)

static void begin(const char *delimiter)
{
        options = (struct order_options){
                .address = {span_of(delimiter), true},
                .mydomains = mine,
                .mydomain_count = COUNT(mine),
        };
}

static void test_names(void)
{
        enum order order;

        for (int i = ORDER_EXACT; i <= ORDER_REQUIRETLS; i++) {
                CHECK_INT(
                        order_parse(span_of(order_name((enum order)i)), &order),
                        0);
                CHECK_INT(order, i);
        }
        CHECK_STR(order_name(ORDER_ACCESS_HELO), "access-helo");
        CHECK_STR(order_name(ORDER_REQUIRETLS), "requiretls");
        for (size_t i = ORDER_REQUIRETLS + 1; order_names[i] != NULL; i++) {
                order = ORDER_EXACT;
                CHECK_INT(order_parse(span_of(order_names[i]), &order), 0);
                CHECK_INT(order, ORDER_ADDRESS);
        }
        CHECK_INT(order_parse(span_of("sasl-password"), &order), 0);
        CHECK_INT(order_parse(span_of("access"), &order), -EINVAL);
        CHECK_INT(order_parse(span_of(""), &order), -EINVAL);
}

static void test_results(void)
{
        CHECK(order_rewrites(ORDER_VIRTUAL) && order_propagates(ORDER_VIRTUAL));
        CHECK(order_rewrites(ORDER_CANONICAL));
        CHECK(order_propagates(ORDER_CANONICAL));
        CHECK(order_rewrites(ORDER_GENERIC));
        CHECK(!order_propagates(ORDER_GENERIC));
        CHECK(!order_rewrites(ORDER_EXACT) && !order_rewrites(ORDER_ADDRESS));
        CHECK(!order_rewrites(ORDER_TRANSPORT));
        CHECK(!order_rewrites(ORDER_REQUIRETLS));
        CHECK(!order_propagates(ORDER_REQUIRETLS));
}

static void test_exact(void)
{
        begin("+");
        CHECK_ORDER(ORDER_EXACT, "u+x@d.e", "!u+x@d.e ");
        CHECK_ORDER(ORDER_EXACT, "1.2.3.4", "!1.2.3.4 ");
        CHECK_ORDER(ORDER_EXACT, "\"a b\"@d", "!\"a b\"@d ");
        CHECK_ORDER(ORDER_EXACT, "", "! ");
}

static void test_virtual(void)
{
        static const enum order same[] = {
                ORDER_VIRTUAL, ORDER_CANONICAL, ORDER_GENERIC};

        begin("+");
        for (size_t i = 0; i < COUNT(same); i++) {
                CHECK_ORDER(same[i], "User+Ext@D.E",
                        "!User+Ext@D.E User@D.E(User|+Ext) @D.E ");
                CHECK_ORDER(same[i], "u@d.e", "!u@d.e @d.e ");
                CHECK_ORDER(same[i], "u+x@mine.example",
                        "!u+x@mine.example u@mine.example(u|+x) u+x u(u|+x) "
                        "@mine.example ");
                CHECK_ORDER(same[i], "\"a b+c d\"@D",
                        "!\"a b+c d\"@D \"a b\"@D(a b|+c d) @D ");
                CHECK_ORDER(same[i], "\"a b+x\"@mine.example",
                        "!\"a b+x\"@mine.example "
                        "\"a b\"@mine.example(a b|+x) \"a b+x\" "
                        "\"a b\"(a b|+x) @mine.example ");
        }
}

static void test_address_is_asked_in_both_forms(void)
{
        begin("+");
        CHECK_ORDER(ORDER_ADDRESS, "u+x@d", "!u+x@d u@d(u|+x) @d ");
        CHECK_ORDER(ORDER_ADDRESS, "\"a b+x\"@d",
                "!\"a b+x\"@d !a b+x@d \"a b\"@d(a b|+x) a b@d(a b|+x) @d ");
        CHECK_ORDER(ORDER_ADDRESS, "\"a b+x\"@mine.example",
                "!\"a b+x\"@mine.example !a b+x@mine.example "
                "\"a b\"@mine.example(a b|+x) a b@mine.example(a b|+x) "
                "\"a b+x\" a b+x \"a b\"(a b|+x) a b(a b|+x) @mine.example ");
}

/*
 * smtpd asks virtual_alias_maps and the like for the external form first, then
 * for the internal one: both are found if its own tables would have them.
 */
static void test_key_in_internal_form(void)
{
        begin("+");
        CHECK_ORDER(ORDER_ADDRESS, "a b+x@d",
                "!a b+x@d !\"a b+x\"@d \"a b\"@d(a b|+x) a b@d(a b|+x) @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "a b@d", "!a b@d !\"a b\"@d @d ");
        /* Quotes that need not be there are a part of the local part. */
        CHECK_ORDER(
                ORDER_VIRTUAL, "\"ab\"@d", "!\"ab\"@d !\"\\\"ab\\\"\"@d @d ");
}

static void test_domain_is_behind_the_last_at(void)
{
        begin("+");
        CHECK_ORDER(ORDER_VIRTUAL, "\"a@b\"@c", "!\"a@b\"@c @c ");
        CHECK_ORDER(ORDER_TRANSPORT, "\"a@b\"@c", "!\"a@b\"@c !a@b@c c ");
}

static void test_mine(void)
{
        begin("+");
        CHECK_ORDER(ORDER_VIRTUAL, "u@Mine.EXAMPLE",
                "!u@Mine.EXAMPLE u @Mine.EXAMPLE ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@mine.example.",
                "!u@mine.example. u @mine.example. ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@mine.example..",
                "!u@mine.example.. @mine.example.. ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@sub.mine.example",
                "!u@sub.mine.example @sub.mine.example ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@[127.0.0.1]",
                "!u@[127.0.0.1] u @[127.0.0.1] ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@[IPv6:2001:DB8:0::1]",
                "!u@[IPv6:2001:DB8:0::1] u @[IPv6:2001:DB8:0::1] ");
        CHECK_ORDER(
                ORDER_VIRTUAL, "u@[127.0.0.2]", "!u@[127.0.0.2] @[127.0.0.2] ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@x\377", "!u@x\377 @x\377 ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@.", "!u@. @. ");
        CHECK_ORDER(ORDER_VIRTUAL, "u@", "!u@ @ ");
}

/* The configuration folds mydomains; "Straße" is "strasse" then. */
static void test_mine_is_compared_folded(void)
{
        static const struct span folded[] = {TEXT("strasse.example")};

        begin("+");
        options.mydomains = folded;
        options.mydomain_count = 1;
        CHECK_ORDER(ORDER_VIRTUAL, "u@Stra\303\237e.example",
                "!u@Stra\303\237e.example u @Stra\303\237e.example ");
}

static void test_no_delimiter(void)
{
        begin("");
        CHECK_ORDER(ORDER_VIRTUAL, "u+x@d", "!u+x@d @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "u+x@mine.example",
                "!u+x@mine.example u+x @mine.example ");
}

static void test_delimiters(void)
{
        begin("+-");
        CHECK_ORDER(ORDER_VIRTUAL, "a-b+c@d", "!a-b+c@d a@d(a|-b+c) @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "owner-x+y@d", "!owner-x+y@d @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "postmaster@d", "!postmaster@d @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "Postmaster+x@d",
                "!Postmaster+x@d Postmaster@d(Postmaster|+x) @d ");
        CHECK_ORDER(ORDER_VIRTUAL, "u+@d", "!u+@d u@d(u|+) @d ");
        options.address.owner_request_special = false;
        CHECK_ORDER(ORDER_VIRTUAL, "owner-x+y@d",
                "!owner-x+y@d owner@d(owner|-x+y) @d ");
}

/* `my-dom.example` must not find `my`. */
static void test_bare_domain_as_a_key(void)
{
        static const enum order addresses[] = {ORDER_VIRTUAL, ORDER_CANONICAL,
                ORDER_GENERIC, ORDER_ADDRESS, ORDER_TRANSPORT,
                ORDER_ACCESS_MAIL};

        begin("-");
        for (size_t i = 0; i < COUNT(addresses); i++) {
                CHECK_ORDER(addresses[i], "my-dom.example", "!my-dom.example ");
                CHECK_ORDER(addresses[i], "a b", "!a b ");
                CHECK_ORDER(addresses[i], "*", "!* ");
                CHECK_ORDER(addresses[i], "<>", "!<> ");
                CHECK_ORDER(addresses[i], "\"<>\"", "!\"<>\" ");
                CHECK_ORDER(addresses[i], "\"\"", "!\"\" ");
                CHECK_ORDER(addresses[i], "", "! ");
        }
}

static void test_empty_local_part(void)
{
        begin("+");
        CHECK_ORDER(ORDER_VIRTUAL, "\"\"@d", "!\"\"@d @d ");
        CHECK_ORDER(ORDER_ADDRESS, "\"\"@mine.example",
                "!\"\"@mine.example !@mine.example \"\" @mine.example ");
        CHECK_ORDER(ORDER_ADDRESS, "@d", "!@d !\"\"@d @d ");
        CHECK_ORDER(ORDER_ADDRESS, "@", "!@ !\"\"@ @ ");
}

static void test_transport(void)
{
        begin("+");
        CHECK_ORDER(ORDER_TRANSPORT, "u+x@a.b.c",
                "!u+x@a.b.c u@a.b.c(u|+x) a.b.c .b.c .c ");
        CHECK_ORDER(ORDER_TRANSPORT, "u@mine.example",
                "!u@mine.example mine.example .example ");
        CHECK_ORDER(ORDER_TRANSPORT, "\"a b\"@c", "!\"a b\"@c !a b@c c ");
        CHECK_ORDER(ORDER_TRANSPORT, "u@", "!u@ ");
        options.parents = ORDER_PARENTS_YES;
        CHECK_ORDER(ORDER_TRANSPORT, "u@a.b.c", "!u@a.b.c a.b.c b.c c ");
}

static void test_access_mail(void)
{
        begin("+");
        CHECK_ORDER(ORDER_ACCESS_MAIL, "u+x@a.b.c",
                "!u+x@a.b.c u@a.b.c(u|+x) a.b.c b.c c u+x@ u@(u|+x) ");
        CHECK_ORDER(ORDER_ACCESS_MAIL, "\"a b+x\"@mine.example",
                "!\"a b+x\"@mine.example !a b+x@mine.example "
                "\"a b\"@mine.example(a b|+x) a b@mine.example(a b|+x) "
                "mine.example example \"a b+x\"@ a b+x@ "
                "\"a b\"@(a b|+x) a b@(a b|+x) ");
        options.parents = ORDER_PARENTS_DOMAIN;
        CHECK_ORDER(ORDER_ACCESS_MAIL, "u@a.b.c", "!u@a.b.c a.b.c .b.c .c u@ ");
}

static void test_access_client(void)
{
        begin("+");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "1.2.3.4", "!1.2.3.4 1.2.3 1.2 1 ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "2001:db8:1::25",
                "!2001:db8:1::25 2001:db8:1: 2001:db8:1 2001:db8 2001 ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "::1", "!::1 : ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "a.b.c", "!a.b.c b.c c ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "1.2.3", "!1.2.3 2.3 3 ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "unknown", "!unknown ");
        options.parents = ORDER_PARENTS_DOMAIN;
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "a.b.c", "!a.b.c .b.c .c ");
        CHECK_ORDER(ORDER_ACCESS_CLIENT, "1.2.3.4", "!1.2.3.4 1.2.3 1.2 1 ");
}

static void test_access_helo(void)
{
        begin("+");
        CHECK_ORDER(ORDER_ACCESS_HELO, "a.b.c", "!a.b.c b.c c ");
        CHECK_ORDER(ORDER_ACCESS_HELO, "1.2.3.4", "!1.2.3.4 ");
        CHECK_ORDER(ORDER_ACCESS_HELO, "x.y.", "!x.y. y. ");
        CHECK_ORDER(ORDER_ACCESS_HELO, ".", "!. ");
        CHECK_ORDER(ORDER_ACCESS_HELO, "a..b", "!a..b .b ");
        CHECK_ORDER(
                ORDER_ACCESS_HELO, "[1.2.3.4]", "![1.2.3.4] 2.3.4] 3.4] 4] ");
        options.parents = ORDER_PARENTS_DOMAIN;
        CHECK_ORDER(ORDER_ACCESS_HELO, "[1.2.3.4]",
                "![1.2.3.4] .2.3.4] .3.4] .4] ");
        CHECK_ORDER(ORDER_ACCESS_HELO, "x.y.", "!x.y. .y. . ");
}

static void test_relay_domains(void)
{
        begin("+");
        CHECK_ORDER(ORDER_RELAY_DOMAINS, "a.b.c", "!a.b.c b.c c ");
        CHECK_ORDER(ORDER_RELAY_DOMAINS, "1.2", "!1.2 2 ");
        options.parents = ORDER_PARENTS_DOMAIN;
        CHECK_ORDER(ORDER_RELAY_DOMAINS, "a.b.c", "!a.b.c .b.c .c ");
}

static void test_network(void)
{
        begin("+");
        CHECK_ORDER(ORDER_NETWORK, "1.2.3.4", "!1.2.3.4 ");
        CHECK_ORDER(ORDER_NETWORK, "2001:db8::1", "!2001:db8::1 ");
        CHECK_ORDER(ORDER_NETWORK, "a.b.c", "!a.b.c b.c c ");
        options.parents = ORDER_PARENTS_DOMAIN;
        CHECK_ORDER(ORDER_NETWORK, "a.b.c", "!a.b.c .b.c .c ");
}

static void test_requiretls_always_has_dots(void)
{
        begin("+");
        CHECK_ORDER(ORDER_REQUIRETLS, "a.b.c", "!a.b.c .b.c .c ");
        options.parents = ORDER_PARENTS_YES;
        CHECK_ORDER(ORDER_REQUIRETLS, "a.b.c", "!a.b.c .b.c .c ");
}

/* What Postfix 3.7's valid_hostaddr() says of each. */
static void test_addresses(void)
{
        static const char *const good[] = {"1.2.3.4", "255.255.255.255",
                "0.0.0.0", "010.1.1.1", "1.2.3.0004", "::", "::1",
                "2001:db8::25", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"};
        static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.4.",
                ".1.2.3", "1..2.3", "1.2.3.4.5", "256.1.1.1", "0.1.2.3",
                "1.2.3.-4", "1.2.3.4 ", "fe80::1%eth0", "1::2::3", "[1.2.3.4]",
                "99999999999999999999.1.1.1", "a.b.c.d"};

        for (size_t i = 0; i < COUNT(good); i++)
                if (!walk_is_address(span_of(good[i])))
                        CHECK_STR(good[i], "an address");
        for (size_t i = 0; i < COUNT(bad); i++)
                if (walk_is_address(span_of(bad[i])))
                        CHECK_STR(bad[i], "no address");
        CHECK(!walk_is_address(SPAN_LITERAL("::1\0")));
        CHECK(!walk_is_address(SPAN_LITERAL("1.2.3.4\0")));
}

/* The key is the very bytes that came, and nobody pays for the others. */
static void test_first_costs_nothing(void)
{
        struct span key = SPAN_LITERAL("\"a b+x\"@mine.example");
        struct candidates candidates;
        struct candidate one;
        struct arena none;

        begin("+");
        arena_init(&none, NULL, 0, 0);
        for (int i = ORDER_EXACT; i <= ORDER_REQUIRETLS; i++) {
                candidates_init(
                        &candidates, (enum order)i, &options, key, &none);
                CHECK_INT(candidates_next(&candidates, &one), 1);
                CHECK(one.key.data == key.data && one.key.size == key.size);
                CHECK(one.is_full && !one.is_stripped);
        }
        candidates_init(&candidates, ORDER_VIRTUAL, &options, key, &none);
        CHECK_INT(candidates_next(&candidates, &one), 1);
        CHECK_INT(candidates_next(&candidates, &one), -ENOMEM);
        arena_fini(&none);
}

static void test_bytes_of_any_value(void)
{
        begin("+");
        CHECK_ORDER(ORDER_VIRTUAL, "\377\376+x@d",
                "!\377\376+x@d \377\376@d(\377\376|+x) @d ");
        /* %.*s ends at the NUL: one that isn't lost needs its quotes. */
        CHECK_ORDER(ORDER_VIRTUAL, "a\0b@d", "!a !\"a @d ");
}

/* Names with more labels than any has: no quadratic work, and no answer. */
static void test_long_walks(void)
{
        enum { SIZE = 100000 };
        struct candidates candidates;
        struct candidate one;
        struct arena arena;
        char *key = malloc(SIZE);
        size_t count = 0;
        int r;

        begin("+");
        for (size_t i = 0; i < SIZE; i++)
                key[i] = i % 2 == 0 ? 'a' : '.';
        arena_init(&arena, NULL, 0, 0);
        candidates_init(&candidates, ORDER_RELAY_DOMAINS, &options,
                (struct span){key, SIZE}, &arena);
        while ((r = candidates_next(&candidates, &one)) == 1)
                count++;
        CHECK_INT(r, -E2BIG);
        CHECK(count < 100);
        candidates_init(&candidates, ORDER_RELAY_DOMAINS, &options,
                (struct span){key, 2048}, &arena);
        for (count = 0; (r = candidates_next(&candidates, &one)) == 1; count++)
                ;
        CHECK_INT(r, 0);
        CHECK_INT(count, 1024);
        arena_fini(&arena);
        free(key);
}

int main(void)
{
        RUN(test_names);
        RUN(test_results);
        RUN(test_exact);
        RUN(test_virtual);
        RUN(test_address_is_asked_in_both_forms);
        RUN(test_key_in_internal_form);
        RUN(test_domain_is_behind_the_last_at);
        RUN(test_mine);
        RUN(test_mine_is_compared_folded);
        RUN(test_no_delimiter);
        RUN(test_delimiters);
        RUN(test_bare_domain_as_a_key);
        RUN(test_empty_local_part);
        RUN(test_transport);
        RUN(test_access_mail);
        RUN(test_access_client);
        RUN(test_access_helo);
        RUN(test_relay_domains);
        RUN(test_network);
        RUN(test_requiretls_always_has_dots);
        RUN(test_addresses);
        RUN(test_first_costs_nothing);
        RUN(test_bytes_of_any_value);
        RUN(test_long_walks);
        return check_done();
}
