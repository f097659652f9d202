/* SPDX-License-Identifier: MIT */
#include "support/check.h"
#include "tables/support/hosts.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY 60000

static struct arena arena;
static struct reason reason;

static struct hosts parse(const char *text)
{
        struct hosts hosts = {.count = 0};

        CHECK_INT(
                hosts_parse(span_of(text), RETRY, &arena, &hosts, &reason), 0);
        return hosts;
}

static void check_host(const char *text, enum host_kind kind,
        const char *address, const char *port, const char *name)
{
        struct hosts hosts = parse(text);

        CHECK_INT(hosts.count, 1);
        if (hosts.count != 1)
                return;
        CHECK_INT(hosts.list[0].kind, kind);
        CHECK_STR(hosts.list[0].address, address);
        CHECK_STR(hosts.list[0].name, name);
        CHECK((port == NULL) == (hosts.list[0].port == NULL));
        if (port != NULL)
                CHECK_STR(hosts.list[0].port, port);
}

static void test_forms(void)
{
        check_host("unix:/a/b", HOST_UNIX, "/a/b", NULL, "unix:/a/b");
        check_host("/a", HOST_UNIX, "/a", NULL, "/a");
        check_host("inet:/a", HOST_UNIX, "/a", NULL, "inet:/a");
        check_host("h", HOST_INET, "h", NULL, "h");
        check_host(" inet:h:1 ,", HOST_INET, "h", "1", "inet:h:1");
        check_host("h:x", HOST_INET, "h", "x", "h:x");
        check_host("[::1]", HOST_INET, "::1", NULL, "[::1]");
        check_host("inet:[::1]:1", HOST_INET, "::1", "1", "inet:[::1]:1");
        CHECK_INT(parse("a b,c\t, d").count, 4);
}

static void test_secrets(void)
{
        static const char *const uris[][2] = {
                {"x://u:p@h:1/d?password=p&x=y", "x://h:1/d"},
                {"x://u:p@h:1/d", "x://h:1/d"},
                {"x://u:p/p@p@h:1/d", "x://h:1/d"},
                {"x://u:p@h/d?user=a@b&password=p", "x://h/d"},
                {"x://h:1/d?user=u", "x://h:1/d"}, {"x://u:p?p@h:1/d", "x://"},
                {"x://", "x://"}};

        for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
                check_host(uris[i][0], HOST_URI, uris[i][0], NULL, uris[i][1]);
}

static void test_mistakes(void)
{
        static const char *const texts[] = {"", " ,", "unix:", "unix:a",
                "inet:", ":1", "h:", "h:1:2", "::1", "[::1", "[::1]x", "[]:1",
                "inet:[::1]:", "h:65536", "h:1x"};
        struct hosts hosts;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                reason.text[0] = '\0';
                CHECK_INT(hosts_parse(span_of(texts[i]), RETRY, &arena, &hosts,
                                  &reason),
                        -EINVAL);
                CHECK(strncmp(reason.text, "hosts: ", 7) == 0);
        }
}

/* A password may have a comma or a blank in it. */
static void test_passwords(void)
{
        static const char *const texts[] = {"u:S3CRET@h", "inet:u:S3CRET@h:1",
                "S3CRET@h:1", "u:5S3CRET,x@h", "unix:S3CRET x@h"};
        struct hosts hosts;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                reason.text[0] = '\0';
                CHECK_INT(hosts_parse(span_of(texts[i]), RETRY, &arena, &hosts,
                                  &reason),
                        -EINVAL);
                CHECK(strncmp(reason.text, "hosts: word 1: ", 15) == 0);
                CHECK(strstr(reason.text, "S3CRET") == NULL);
        }
}

static void down(struct hosts *hosts, struct host *host, uint64_t now)
{
        struct reason why;

        reason_set_errno(&why, -ECONNREFUSED, "connect");
        hosts_down(hosts, host, now, &why);
}

static void test_order(void)
{
        struct hosts hosts = parse("x://u h /p");

        for (int i = 0; i < 20; i++)
                CHECK(hosts_choose(&hosts, 1) == &hosts.list[2]);
        down(&hosts, &hosts.list[2], 1);
        CHECK_STR(hosts.reason.text, "/p: connect: Connection refused");
        CHECK(hosts_choose(&hosts, 1) == &hosts.list[1]);
        down(&hosts, &hosts.list[1], 1);
        CHECK(hosts_choose(&hosts, 1) == &hosts.list[0]);
        hosts_up(&hosts, &hosts.list[1]);
        CHECK(hosts_choose(&hosts, 1) == &hosts.list[1]);
}

/* The list's order counts, and one that has rested has its place again. */
static void test_list_order(void)
{
        struct hosts hosts = parse("x://u h /p");

        hosts.is_in_order = true;
        for (int i = 0; i < 20; i++)
                CHECK(hosts_choose(&hosts, 1) == &hosts.list[0]);
        down(&hosts, &hosts.list[0], 1);
        for (int i = 0; i < 20; i++)
                CHECK(hosts_choose(&hosts, RETRY) == &hosts.list[1]);
        CHECK(hosts_choose(&hosts, 1 + RETRY) == &hosts.list[0]);
        down(&hosts, &hosts.list[1], 2);
        down(&hosts, &hosts.list[2], 3);
        CHECK(hosts_choose(&hosts, 1000) == NULL);
        CHECK(hosts_choose(&hosts, 1002) == &hosts.list[0]);
}

/* All of them have their turn. */
static void test_random(void)
{
        struct hosts hosts = parse("a b c");
        int turns[3] = {0};

        for (int i = 0; i < 3000; i++)
                turns[hosts_choose(&hosts, 1) - hosts.list]++;
        for (int i = 0; i < 3; i++)
                CHECK(turns[i] > 500);
}

static void test_rest(void)
{
        struct hosts hosts = parse("a b");
        struct host *a = &hosts.list[0], *b = &hosts.list[1];

        down(&hosts, a, 1000);
        CHECK(hosts_choose(&hosts, 1000 + RETRY - 1) == b);
        CHECK_INT(hosts_rest_until(&hosts, 1000), 0);
        /* One that works is the better one still. */
        CHECK(hosts_choose(&hosts, 1000 + RETRY) == b);
        down(&hosts, b, 1500);
        CHECK(hosts_choose(&hosts, 1999) == NULL);
        CHECK_INT(hosts_rest_until(&hosts, 1999), 2000);
        CHECK(hosts_choose(&hosts, 2000) == a);
        down(&hosts, a, 2000);
        CHECK(hosts_choose(&hosts, 2499) == NULL);
        CHECK(hosts_choose(&hosts, 2500) == b);
        hosts_up(&hosts, b);
        CHECK(hosts_choose(&hosts, 9000) == b);
        down(&hosts, b, 9000);
        CHECK(hosts_choose(&hosts, 9000) == a);
}

/* Whoever is alone is never left alone. */
static void test_alone(void)
{
        struct hosts hosts = parse("a");

        down(&hosts, hosts.list, 1000);
        CHECK(hosts_choose(&hosts, 1999) == NULL);
        CHECK(hosts_choose(&hosts, 2000) == hosts.list);
        hosts_up(&hosts, hosts.list);
        CHECK(hosts_choose(&hosts, 2000) == hosts.list);
}

/* An old connection is no proof that a new one can be made. */
static void test_answered(void)
{
        struct hosts hosts = parse("a b");
        struct host *a = &hosts.list[0], *b = &hosts.list[1];

        down(&hosts, a, 2000);
        hosts_answered(&hosts, a, 1999, 2000 + RETRY + HOSTS_REST - 1);
        CHECK(a->is_down);
        hosts_answered(&hosts, a, 1999, 2000 + RETRY + HOSTS_REST);
        CHECK(!a->is_down);
        down(&hosts, a, 2000);
        hosts_answered(&hosts, a, 2000, 2000);
        CHECK(!a->is_down);
        down(&hosts, a, 2000);
        down(&hosts, b, 2000);
        hosts_answered(&hosts, a, 1999, 2000 + 2 * HOSTS_REST - 1);
        CHECK(a->is_down);
        hosts_answered(&hosts, a, 1999, 2000 + 2 * HOSTS_REST);
        CHECK(!a->is_down && b->is_down);
}

/* What a watcher was told, a word each time. */
static char told[200];

static void note(const char *map, const char *server, const char *why)
{
        size_t size = strlen(told);

        CHECK_STR(map, "m");
        snprintf(told + size, sizeof(told) - size, "%s=%s ", server,
                why != NULL ? why : "up");
}

static const struct table_watcher watcher = {.changed = note};

static void test_changes(void)
{
        struct hosts hosts = parse("a b");
        struct host *a = &hosts.list[0], *b = &hosts.list[1];
        const struct reason gone = {.text = "gone"}, lost = {.text = "lost"};
        const struct table_env env = {.map = "m", .watcher = &watcher};

        CHECK_INT(hosts_belong(&hosts, &env, "type", &arena), 0);
        hosts_down(&hosts, b, 1000, &gone); /* a canary's */
        hosts_watch(&hosts);
        hosts_up(&hosts, a);
        hosts_down(&hosts, a, 1000, &gone);
        hosts_down(&hosts, a, 2000, &lost);
        hosts_up(&hosts, a);
        hosts_up(&hosts, a);
        CHECK_STR(told, "a=gone a=up ");
}

static void test_deadline(void)
{
        struct hosts hosts = parse("a");
        struct reason why;

        CHECK(hosts_choose_until(&hosts, 1000, 1001, &why) == hosts.list);
        CHECK(hosts_choose_until(&hosts, 1000, 1000, &why) == NULL);
        CHECK_STR(why.text, "no time to connect");
        down(&hosts, hosts.list, 1000);
        CHECK(hosts_choose_until(&hosts, 1500, 9000, &why) == NULL);
        CHECK_STR(why.text, "a: connect: Connection refused");
        CHECK(hosts_choose_until(&hosts, 2000, 9000, &why) == hosts.list);
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_forms);
        RUN(test_secrets);
        RUN(test_mistakes);
        RUN(test_passwords);
        RUN(test_order);
        RUN(test_list_order);
        RUN(test_random);
        RUN(test_rest);
        RUN(test_alone);
        RUN(test_answered);
        RUN(test_changes);
        RUN(test_deadline);
        arena_fini(&arena);
        return check_done();
}
