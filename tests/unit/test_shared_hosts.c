/* SPDX-License-Identifier: MIT */
#include "base/events.h"
#include "support/check.h"
#include "tables/support/shared_hosts.h"

#define RETRY 60000
#define LATER 10000 /* milliseconds, of a deadline */

static struct arena arena;
static const struct reason gone = {.text = "gone"};

static void begin(struct shared_hosts *shared, const char *text)
{
        struct reason reason;

        shared_hosts_init(shared);
        CHECK_INT(hosts_parse(span_of(text), RETRY, &arena, &shared->hosts,
                          &reason),
                0);
}

/* Has the hosts seem to have failed a second ago. */
static void age(struct shared_hosts *shared)
{
        for (size_t i = 0; i < shared->hosts.count; i++)
                shared->hosts.list[i].down_since -= HOSTS_REST;
        shared->admitted_at -= HOSTS_REST;
}

static void fail(struct shared_hosts *shared, struct host *host)
{
        shared_hosts_failed(shared, host, events_now(), &gone);
}

static bool are_down(struct shared_hosts *shared)
{
        struct reason why = {.text = ""};
        bool is_down = shared_hosts_are_down(shared, &why);

        CHECK_STR(why.text, is_down ? shared->hosts.reason.text : "");
        return is_down;
}

/* As many as there are hosts go to try them, once a second. */
static void test_down(void)
{
        struct shared_hosts shared;

        begin(&shared, "a b");
        CHECK(!are_down(&shared));
        fail(&shared, &shared.hosts.list[0]);
        CHECK(!are_down(&shared));
        fail(&shared, &shared.hosts.list[1]);
        CHECK(are_down(&shared));
        CHECK_STR(shared.hosts.reason.text, "b: gone");
        for (int i = 0; i < 2; i++) {
                age(&shared);
                CHECK(!are_down(&shared));
                CHECK(!are_down(&shared));
                CHECK(are_down(&shared));
        }
        shared_hosts_fini(&shared);
}

/* Who has a connection can ask, whatever became of others' tries. */
static void test_connected(void)
{
        struct shared_hosts shared;
        struct host *host;

        begin(&shared, "a");
        host = shared.hosts.list;
        shared_hosts_connected(&shared, host);
        shared_hosts_connected(&shared, host);
        fail(&shared, host);
        CHECK(!are_down(&shared));
        shared_hosts_disconnected(&shared);
        CHECK(!are_down(&shared));
        shared_hosts_disconnected(&shared);
        CHECK(are_down(&shared));
        shared_hosts_connected(&shared, host);
        shared_hosts_disconnected(&shared);
        CHECK(!are_down(&shared)); /* it is up again */
        shared_hosts_fini(&shared);
}

/* A deadline is shared among the hosts that may work. */
static void test_choose(void)
{
        struct shared_hosts shared;
        uint64_t begin_at = events_now(), until = begin_at + LATER;
        struct lookup lookup = {.answer = ANSWER_NONE};
        struct host *host;

        begin(&shared, "a b");
        host = shared_hosts_choose(&shared, &until, &lookup);
        CHECK(host != NULL && until <= events_now() + LATER / 2);
        CHECK(until >= begin_at + LATER / 2);
        fail(&shared, &shared.hosts.list[0]);
        until = begin_at + LATER;
        host = shared_hosts_choose(&shared, &until, &lookup);
        CHECK(host == &shared.hosts.list[1]);
        CHECK_INT(until, begin_at + LATER);
        until = begin_at;
        CHECK(shared_hosts_choose(&shared, &until, &lookup) == NULL);
        CHECK_STR(lookup.reason.text, "a: gone");
        shared_hosts_fini(&shared);
}

/* One that has failed is for one thread to try. */
static void test_one_tries(void)
{
        struct shared_hosts shared;
        uint64_t until = events_now() + LATER;
        struct lookup lookup = {.answer = ANSWER_NONE};

        begin(&shared, "a");
        fail(&shared, shared.hosts.list);
        age(&shared);
        CHECK(shared_hosts_choose(&shared, &until, &lookup) != NULL);
        CHECK(shared_hosts_choose(&shared, &until, &lookup) == NULL);
        CHECK_INT(lookup.answer, ANSWER_FAILED);
        CHECK_STR(lookup.reason.text, "a: gone");
        shared_hosts_fini(&shared);
}

/* Who cannot connect leaves lookups to those who are connected. */
static void test_left(void)
{
        struct shared_hosts shared;
        uint64_t until = events_now() + LATER;
        struct lookup lookup = {.answer = ANSWER_FAILED};

        begin(&shared, "a");
        shared_hosts_connected(&shared, shared.hosts.list);
        fail(&shared, shared.hosts.list);
        CHECK(shared_hosts_choose(&shared, &until, &lookup) == NULL);
        CHECK_INT(lookup.answer, ANSWER_NONE);
        until = 0;
        CHECK(shared_hosts_choose(&shared, &until, &lookup) == NULL);
        CHECK_INT(lookup.answer, ANSWER_FAILED);
        shared_hosts_fini(&shared);
}

/* What began before another thread was connected says nothing of the host. */
static void test_late_failure(void)
{
        uint64_t begin_at = events_now() - LATER, until;
        struct shared_hosts shared;
        struct lookup lookup = {.answer = ANSWER_NONE};
        struct host *host;

        begin(&shared, "a");
        host = shared.hosts.list;
        shared_hosts_connected(&shared, host);
        shared_hosts_disconnected(&shared);
        shared_hosts_failed(&shared, host, begin_at, &gone);
        CHECK(!host->is_down);
        CHECK(!are_down(&shared));
        fail(&shared, host);
        CHECK(host->is_down);
        shared_hosts_fini(&shared);

        /* Nor is it a reason to wait for longer until the next try. */
        begin(&shared, "a");
        host = shared.hosts.list;
        fail(&shared, host);
        CHECK(are_down(&shared));
        age(&shared);
        shared_hosts_failed(&shared, host, begin_at, &gone);
        CHECK(!are_down(&shared));
        until = events_now() + LATER;
        CHECK(shared_hosts_choose(&shared, &until, &lookup) == host);
        fail(&shared, host);
        CHECK(are_down(&shared));
        shared_hosts_fini(&shared);
}

/* What the watcher was told of. */
static unsigned ups, downs;

static void note(const char *map, const char *server, const char *why)
{
        CHECK_STR(map, "type");
        CHECK_STR(server, "a");
        if (why == NULL)
                ups++;
        else
                downs++;
}

static void test_changes(void)
{
        const struct table_watcher watcher = {.changed = note};
        const struct table_env env = {.watcher = &watcher};
        struct shared_hosts shared;
        struct host *host;

        begin(&shared, "a");
        host = shared.hosts.list;
        CHECK_INT(hosts_belong(&shared.hosts, &env, "type", &arena), 0);
        fail(&shared, host);
        shared_hosts_connected(&shared, host);
        hosts_watch(&shared.hosts);
        shared_hosts_connected(&shared, host);
        CHECK_INT(ups + downs, 0);
        fail(&shared, host);
        fail(&shared, host);
        CHECK_INT(downs, 1);
        shared_hosts_connected(&shared, host);
        CHECK_INT(ups, 1);
        shared_hosts_fini(&shared);
}

int main(void)
{
        arena_init(&arena, NULL, 0, SIZE_MAX);
        RUN(test_down);
        RUN(test_connected);
        RUN(test_choose);
        RUN(test_one_tries);
        RUN(test_left);
        RUN(test_late_failure);
        RUN(test_changes);
        arena_fini(&arena);
        return check_done();
}
