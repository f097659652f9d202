/* SPDX-License-Identifier: MIT */
/* What the text of an option may be, and what becomes of it. */
#include "config/types.h"
#include "config/values.h"
#include "support/check.h"

#include <errno.h>

static struct arena arena;
static struct reason reason;
static size_t wrong_at;

/* Parses a value; any range will do. */
static int parse(const struct value_type *type, const char *text, void *value)
{
        static const char *const words[] = {"one", "two", NULL};
        struct value_input input = {
                .text = text,
                .range = {.least = 2, .most = 100000},
                .directory = "/etc/x",
                .arena = &arena,
        };
        int r;

        if (type == &value_choice)
                input.range.words = words;
        reason.text[0] = '\0';
        r = type->parse(&input, value, &reason);
        wrong_at = input.wrong_at;
        return r;
}

static uint64_t number_of(const struct value_type *type, const char *text)
{
        uint64_t number = 0;

        CHECK_INT(parse(type, text, &number), 0);
        return number;
}

static const char *refused(const struct value_type *type, const char *text)
{
        static char value[256];

        CHECK_INT(parse(type, text, value), -EINVAL);
        return reason.text;
}

static void test_numbers(void)
{
        CHECK_INT(number_of(&value_number, "2"), 2);
        CHECK_INT(number_of(&value_number, "00100000"), 100000);
        CHECK_INT(number_of(&value_number, NULL), 0);
        CHECK_STR(refused(&value_number, "1"), "1 is not from 2 to 100000");
        CHECK_STR(refused(&value_number, "100001"),
                "100001 is not from 2 to 100000");
        CHECK_STR(refused(&value_number, "18446744073709551618"),
                "18446744073709551618 is not from 2 to 100000");
        CHECK_STR(refused(&value_number, ""), "\"\" is no number");
        CHECK_STR(refused(&value_number, "5x"), "\"5x\" is no number");
        CHECK_STR(refused(&value_number, "-5"), "\"-5\" is no number");
        CHECK_STR(refused(&value_number, " 5"), "\" 5\" is no number");
        CHECK_STR(refused(&value_number, "5 "), "\"5 \" is no number");
}

static void test_units(void)
{
        CHECK_INT(number_of(&value_time, "500ms"), 500);
        CHECK_INT(number_of(&value_time, "5s"), 5000);
        CHECK_INT(number_of(&value_time, "1m"), 60000);
        CHECK_INT(number_of(&value_size, "2B"), 2);
        CHECK_INT(number_of(&value_size, "10KiB"), 10240);
        CHECK_STR(refused(&value_time, "2m"), "2m is not from 2ms to 100s");
        CHECK_STR(refused(&value_time, "1d"), "1d is not from 2ms to 100s");
        CHECK_STR(refused(&value_time, "0"), "0 is not from 2ms to 100s");
        CHECK_STR(refused(&value_time, "5"),
                "\"5\" is no time: expected a number with a unit (ms, s, m, h, "
                "d), such as 5s");
        CHECK_STR(refused(&value_size, "5kib"),
                "\"5kib\" is no size: expected a number with a unit (B, KiB, "
                "MiB, GiB), such as 10KiB");
        CHECK_STR(refused(&value_size, "KiB"),
                "\"KiB\" is no size: expected a number with a unit (B, KiB, "
                "MiB, GiB), such as 10KiB");
        /* 2^64 bytes and a little. */
        CHECK_STR(refused(&value_size, "17179869185GiB"),
                "17179869185GiB is not from 2B to 100000B");
}

static void test_zero_needs_no_unit(void)
{
        uint64_t number = 1;

        CHECK_INT(number_parse("0", &units_time, 0, 10, &number, &reason), 0);
        CHECK_INT(number, 0);
        CHECK_INT(number_parse("00d", &units_time, 0, 10, &number, &reason), 0);
        CHECK_STR(number_format(0, &units_time).text, "0");
        CHECK_STR(number_format(86400000, &units_time).text, "1d");
        CHECK_STR(number_format(90000, &units_time).text, "90s");
        CHECK_STR(number_format(1536, &units_size).text, "1536B");
        CHECK_STR(number_format(UINT64_MAX, &units_none).text,
                "18446744073709551615");
}

static void test_words(void)
{
        const char *optional;
        bool yes = false;
        int choice;

        CHECK_INT(parse(&value_bool, "yes", &yes), 0);
        CHECK(yes);
        CHECK_INT(parse(&value_bool, "no", &yes), 0);
        CHECK(!yes);
        CHECK_STR(refused(&value_bool, "Yes"), "\"Yes\" is neither yes nor no");
        CHECK_INT(parse(&value_choice, "two", &choice), 0);
        CHECK_INT(choice, 1);
        CHECK_STR(refused(&value_choice, "tw"), "\"tw\": expected one or two");
        CHECK_STR(refused(&value_text, ""), "empty");
        CHECK_INT(parse(&value_optional, "", &optional), 0);
        CHECK_STR(optional, "");
}

static void test_modes(void)
{
        mode_t mode;

        CHECK_INT(parse(&value_mode, "0640", &mode), 0);
        CHECK_INT(mode, 0640);
        CHECK_INT(parse(&value_mode, NULL, &mode), 0);
        CHECK_INT(mode, (mode_t)-1);
        refused(&value_mode, "");
        refused(&value_mode, "1000");
        refused(&value_mode, "8");
        refused(&value_mode, "0x1");
}

static struct config_endpoint endpoint_of(const char *text)
{
        struct config_endpoint endpoint = {NULL, CONFIG_ENDPOINT_FD, NULL, 0};

        CHECK_INT(parse(&value_endpoint, text, &endpoint), 0);
        return endpoint;
}

static void test_endpoints(void)
{
        CHECK_INT(endpoint_of("unix:/a b").kind, CONFIG_ENDPOINT_UNIX);
        CHECK_STR(endpoint_of("unix:/a b").rest, "/a b");
        CHECK_STR(endpoint_of("local:/x").rest, "/x");
        CHECK_INT(endpoint_of("inet:[::1]:25").kind, CONFIG_ENDPOINT_INET);
        CHECK_STR(endpoint_of("systemd:a.socket").rest, "a.socket");
        CHECK_INT(endpoint_of("systemd:x").kind, CONFIG_ENDPOINT_SYSTEMD);
        CHECK_INT(endpoint_of("fd:7").fd, 7);
        CHECK_INT(endpoint_of("fd:7").kind, CONFIG_ENDPOINT_FD);
        CHECK(endpoint_of(NULL).text == NULL);
        CHECK_STR(refused(&value_endpoint, "unix:x"),
                "a relative path; write the whole one, such as "
                "unix:/etc/x/x");
        refused(&value_endpoint, "unix:");
        refused(&value_endpoint, "inet:");
        refused(&value_endpoint, "systemd:");
        refused(&value_endpoint, "systemd:a b");
        refused(&value_endpoint, "fd:2");
        refused(&value_endpoint, "fd:x");
        refused(&value_endpoint, "/x");
}

static void test_tables(void)
{
        const char *table;

        CHECK_INT(parse(&value_table, "proxy:texthash:/x", &table), 0);
        CHECK_STR(table, "proxy:texthash:/x");
        CHECK(!value_table_shows_data("proxy:texthash:/x"));
        CHECK(!value_table_shows_data("texthash:/x, texthash:/y"));
        CHECK(value_table_shows_data("texthash:/x, static:y"));
        CHECK(value_table_shows_data("texthash:"));
        CHECK(value_table_shows_data("static:/x"));
        CHECK(value_table_shows_data("no:/x"));
        refused(&value_table, "static");
        CHECK_INT(parse(&value_table, "static:a static:b", &table), 0);
        refused(&value_table, "static:a static");
        CHECK_INT(wrong_at, 9);
        refused(&value_table, "texthash:x");
        refused(&value_table, "");
}

static void test_accounts(void)
{
        struct config_user user;
        struct config_group group;
        struct config_users users;

        CHECK_INT(parse(&value_user, "root", &user), 0);
        CHECK_INT(user.uid, 0);
        CHECK_INT(user.gid, 0);
        CHECK_STR(user.name, "root");
        CHECK_INT(parse(&value_user, "4294967294", &user), 0);
        CHECK_INT(user.uid, 4294967294);
        CHECK_INT(user.gid, (gid_t)-1);
        CHECK_INT(parse(&value_user, NULL, &user), 0);
        CHECK(user.name == NULL && user.uid == (uid_t)-1);
        CHECK_STR(refused(&value_user, "4294967295"),
                "this machine has no user \"4294967295\"");
        CHECK_STR(refused(&value_group, ""), "this machine has no group \"\"");
        CHECK_INT(parse(&value_group, "0", &group), 0);
        CHECK_INT(group.gid, 0);
        CHECK_INT(parse(&value_users, "0, root", &users), 0);
        CHECK_INT(users.count, 2);
        CHECK_STR(users.items[1].name, "root");
        refused(&value_users, "root,none-of-this-name");
        CHECK_INT(wrong_at, 5);
        refused(&value_users, " ,");
        CHECK_INT(parse(&value_groups, NULL, &users), 0);
        CHECK_INT(users.count, 0);
}

static void test_networks(void)
{
        struct config_list list;

        CHECK_INT(parse(&value_networks,
                          "192.0.2.0/24 0.0.0.0/0,[2001:db8::]/32\t::/0 "
                          "192.0.2.1 2001:db8::1/128",
                          &list),
                0);
        CHECK_INT(list.count, 6);
        CHECK_STR(list.items[2], "[2001:db8::]/32");
        CHECK_STR(refused(&value_networks, "::1, 192.0.2.0/33"),
                "33 is not from 0 to 32");
        CHECK_INT(wrong_at, 5);
        CHECK_STR(refused(&value_networks, "192.0.2.1/31"),
                "\"192.0.2.1/31\": the address has bits set behind the first "
                "31");
        refused(&value_networks, "2001:db8::/31x");
        refused(&value_networks, "192.0.2.0/");
        refused(&value_networks, "/8");
        refused(&value_networks, "192.0.2");
        refused(&value_networks, "localhost");
        refused(&value_networks,
                "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8");
}

static void test_levels(void)
{
        struct config_area_levels levels;

        CHECK_INT(parse(&value_levels, "lookup:debug, life:error", &levels), 0);
        CHECK(levels.is_set[CONFIG_AREA_LOOKUP]);
        CHECK_INT(levels.level[CONFIG_AREA_LOOKUP], CONFIG_LOG_DEBUG);
        CHECK_INT(levels.level[CONFIG_AREA_LIFE], CONFIG_LOG_ERROR);
        CHECK(!levels.is_set[CONFIG_AREA_TABLE]);
        CHECK_STR(refused(&value_levels, "life:errors"),
                "there is no level \"errors\"; did you mean \"error\"?");
        CHECK_STR(refused(&value_levels, "x:error"), "there is no area \"x\"");
        refused(&value_levels, "debug");
}

static void test_traces(void)
{
        struct config_traces traces;

        CHECK_INT(parse(&value_traces, "a b:*@x:y c:", &traces), 0);
        CHECK_INT(traces.count, 3);
        CHECK_STR(traces.items[0].map, "a");
        CHECK(traces.items[0].pattern == NULL);
        CHECK_STR(traces.items[1].map, "b");
        CHECK_STR(traces.items[1].pattern, "*@x:y");
        CHECK_STR(traces.items[2].pattern, "");
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_numbers);
        RUN(test_units);
        RUN(test_zero_needs_no_unit);
        RUN(test_words);
        RUN(test_modes);
        RUN(test_endpoints);
        RUN(test_tables);
        RUN(test_accounts);
        RUN(test_networks);
        RUN(test_levels);
        RUN(test_traces);
        arena_fini(&arena);
        return check_done();
}
