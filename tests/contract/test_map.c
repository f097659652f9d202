/* SPDX-License-Identifier: MIT */
/* What a map makes of its table's answers. */
#include "fake_request.h"
#include "maps/map.h"
#include "support/check.h"
#include <errno.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <time.h>

/* A table that answers as its argument says; the only types in this test. */
struct odd_table {
        struct table table;
        char orders[50];
};

static struct lookup *pending;
static uint64_t deadline;

static bool is_told(const struct table *table, const char *word)
{
        const struct odd_table *odd = (const struct odd_table *)table;

        return strstr(odd->orders, word) != NULL;
}

static enum progress answer(struct table *table, struct lookup *lookup)
{
        deadline = lookup->deadline;
        if (is_told(table, "found"))
                return lookup_found(lookup, lookup->key);
        if (is_told(table, "nul"))
                return lookup_found(lookup, SPAN_LITERAL("a\0b"));
        if (is_told(table, "latin"))
                return lookup_found(lookup, SPAN_LITERAL("gr\xfc\xdf"));
        if (is_told(table, "empty"))
                return lookup_found(lookup, SPAN_LITERAL(""));
        if (is_told(table, "absent"))
                return lookup_absent(lookup);
        if (is_told(table, "failed"))
                return lookup_failed(lookup, "no %s", "luck");
        return LOOKUP_DONE; /* without an answer */
}

static enum progress start_later(struct table *table, struct lookup *lookup)
{
        if (lookup->finish == NULL || is_told(table, "now"))
                return answer(table, lookup);
        deadline = lookup->deadline;
        pending = lookup;
        return LOOKUP_PENDING;
}

static void cancel_later(struct table *table, struct lookup *lookup)
{
        (void)table;
        CHECK(lookup == pending);
        pending = NULL;
}

static struct table *open_odd(const struct table_type *type,
        const char *argument, struct reason *ret_reason)
{
        struct odd_table *odd;

        if (strcmp(argument, "wrong") == 0) {
                reason_set(ret_reason, "wrong by itself");
                return NULL;
        }
        if (strcmp(argument, "down") == 0) {
                reason_set_errno(ret_reason, -ECONNREFUSED, "server x");
                return NULL;
        }
        odd = calloc(1, sizeof(*odd));
        odd->table.type = type;
        snprintf(odd->orders, sizeof(odd->orders), "%s", argument);
        odd->table.pends = type->cancel != NULL;
        return &odd->table;
}

static void close_odd(struct table *table)
{
        free(table);
}

static const struct table_type type_now, type_later;

static struct table *open_now(const struct table_env *env, const char *argument,
        struct reason *ret_reason)
{
        (void)env;
        return open_odd(&type_now, argument, ret_reason);
}

static struct table *open_later(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        (void)env;
        return open_odd(&type_later, argument, ret_reason);
}

static const struct table_type type_now = {
        .name = "now",
        .open = open_now,
        .start = answer,
        .close = close_odd,
};
static const struct table_type type_later = {
        .name = "later",
        .open = open_later,
        .start = start_later,
        .cancel = cancel_later,
        .close = close_odd,
};
const struct table_type *const table_types[] = {&type_now, &type_later, NULL};
const struct table_absent table_types_absent[] = {
        {"gone", "do without"}, {NULL, NULL}};

static char warned[1100];

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        CHECK_INT(severity, SEVERITY_WARNING);
        snprintf(warned, sizeof(warned), "%s", line);
}

static struct map *open_map(const char *spec, struct reason *ret_reason)
{
        static struct report report = {.say = say};
        struct table_env env = {.report = &report};

        struct map_options options = {.name = "virtual", .table = spec};

        warned[0] = '\0';
        return map_open(&env, &options, NULL, ret_reason);
}

/* Asks a new map for "key" and returns the reply. */
static const char *reply_of(const char *spec)
{
        static struct socketmap_request request;
        struct reason reason;
        struct map *map = open_map(spec, &reason);

        request = (struct socketmap_request){
                .key = SPAN_LITERAL("key"), .remaining = 4000};
        map_lookup(&request, map);
        CHECK_INT(request.replies, 1);
        CHECK_INT(request.holds, request.releases);
        map_unref(map);
        return request.reply;
}

static void test_replies(void)
{
        CHECK_STR(reply_of("now:found"), "OK key");
        CHECK_STR(reply_of("now:absent"), "NOTFOUND ");
        CHECK_STR(reply_of("now:failed"), "TEMP no luck");
        CHECK_STR(reply_of("now:nothing"), "TEMP the table did not answer");
        CHECK_STR(reply_of("now:empty"), "TEMP empty value in the table");
        CHECK_STR(reply_of("now:nul"), "TEMP NUL byte in the value");
        CHECK_STR(reply_of("now:latin"), "TEMP the value is not UTF-8");
        CHECK_STR(reply_of("later:now-found"), "OK key");
        CHECK_STR(reply_of("later:now-absent"), "NOTFOUND ");
}

static void test_wrong_specification(void)
{
        struct reason reason;

        CHECK(open_map("now:wrong", &reason) == NULL);
        CHECK_STR(reason.text, "wrong by itself");
        CHECK(open_map("", &reason) == NULL);
        CHECK_STR(reason.text, "expected TYPE:NAME");
        CHECK(open_map("now:a, later:wrong", &reason) == NULL);
        CHECK_STR(reason.text, "wrong by itself");
        CHECK_STR(warned, "");
        map_unref(NULL);
}

static void test_words(void)
{
        CHECK_STR(reply_of(" now:{found, and more} "), "OK key");
        CHECK_STR(reply_of("now:found,"), "OK key");
}

static void test_table_is_down(void)
{
        struct reason reason;
        struct map *map = open_map("now:down", &reason);

        CHECK_STR(warned, "map virtual answers TEMP: server x: Connection "
                          "refused");
        map_unref(map);
        CHECK_STR(reply_of("now:down"), "TEMP server x: Connection refused");
}

static uint64_t now(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void test_deadline(void)
{
        uint64_t before = now();

        reply_of("now:found");
        CHECK(deadline == UINT64_MAX);
        reply_of("later:now-found");
        CHECK(deadline >= before + 4000 && deadline <= now() + 4000);
}

static void test_pending(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct reason reason;
        struct map *map = open_map("later:x", &reason);
        char *value;

        map_lookup(&request, map);
        CHECK_INT(request.replies, 0);
        CHECK_INT(request.holds, 1);
        CHECK_INT(request.releases, 0);
        value = arena_copy(pending->arena, SPAN_LITERAL("in the arena"));
        lookup_found(pending, span_of(value));
        pending->finish(pending);
        CHECK_STR(request.reply, "OK in the arena");
        CHECK_INT(request.replies, 1);
        CHECK_INT(request.releases, 1);

        request.replies = 0;
        map_lookup(&request, map);
        lookup_failed(pending, "gone");
        pending->finish(pending);
        CHECK_STR(request.reply, "TEMP gone");
        CHECK_INT(request.replies, 1);
        map_unref(map);
}

static void test_cannot_hold(void)
{
        struct socketmap_request request = {
                .key = SPAN_LITERAL("key"), .cannot_hold = true};
        struct reason reason;
        struct map *map = open_map("later:x", &reason);

        map_lookup(&request, map);
        CHECK_INT(request.replies + request.releases, 0);
        CHECK(pending == NULL); /* it was cancelled */
        map_unref(map);
}

/* The server is about to end. */
static void test_cancel(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct reason reason;
        struct map *map = open_map("later:x", &reason);

        map_lookup(&request, map);
        CHECK(pending != NULL);
        map_cancel(map);
        CHECK(pending == NULL);
        CHECK_INT(request.replies, 0);
        CHECK_INT(request.releases, 1);
        map_cancel(map);
        map_unref(map);
}

/* The first key of all tables wins, and a failure ends the search. */
static void test_list(void)
{
        CHECK_STR(reply_of("now:absent, now:found"), "OK key");
        CHECK_STR(reply_of("now:found now:failed"), "OK key");
        CHECK_STR(reply_of("now:failed, now:found"), "TEMP no luck");
        CHECK_STR(reply_of("now:absent, now:absent"), "NOTFOUND ");
        CHECK_STR(reply_of("now:absent, later:now-found"), "OK key");
        CHECK_STR(reply_of("now:absent, now:nothing"),
                "TEMP the table did not answer");
        CHECK_STR(reply_of("now:absent, now:down"),
                "TEMP server x: Connection refused");
}

static void test_pending_list(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct reason reason;
        struct map *map = open_map("later:a, now:absent, later:b", &reason);
        struct lookup *first;

        map_lookup(&request, map);
        first = pending;
        lookup_absent(pending);
        pending->finish(pending);
        CHECK(pending == first); /* the same memory, for the next table */
        CHECK_INT(request.replies, 0);
        lookup_found(pending, SPAN_LITERAL("b"));
        pending->finish(pending);
        CHECK_STR(request.reply, "OK b");
        map_lookup(&request, map);
        map_cancel(map);
        CHECK(pending == NULL);
        map_unref(map);
}

static struct map *open_with(const char *spec, const char *canary)
{
        static struct report report = {.say = say};
        struct table_env env = {.report = &report};
        struct map_options options = {
                .name = "virtual", .table = spec, .canary = canary};
        struct reason reason;
        struct map *map = map_open(&env, &options, NULL, &reason);

        if (map == NULL)
                snprintf(warned, sizeof(warned), "%s", reason.text);
        return map;
}

static void ask_as(struct map *map, int reply_result)
{
        struct socketmap_request request = {
                .key = SPAN_LITERAL("key"), .reply_result = reply_result};

        map_lookup(&request, map);
}

static uint64_t count_of(const struct map *map, enum map_counter counter)
{
        struct map_counts counts;

        map_get_counts(map, &counts);
        return counts.value[counter];
}

static void test_counts(void)
{
        struct map *map = open_with("now:found", NULL);
        struct map *next = open_with("now:absent", NULL);

        ask_as(map, 0);
        ask_as(map, 0);
        ask_as(map, -ETIMEDOUT);
        ask_as(map, -ECANCELED);
        ask_as(map, -EMSGSIZE);
        CHECK_INT(count_of(map, MAP_COUNT_OK), 2);
        CHECK_INT(count_of(map, MAP_COUNT_LATE), 1);
        CHECK_INT(count_of(map, MAP_COUNT_CANCELED), 1);
        CHECK_INT(count_of(map, MAP_COUNT_TEMP), 1);
        CHECK_INT(count_of(map, MAP_COUNT_NOTFOUND), 0);
        ask_as(next, 0);
        map_inherit_counts(next, map);
        CHECK_INT(count_of(next, MAP_COUNT_NOTFOUND), 1);
        CHECK_INT(count_of(next, MAP_COUNT_OK), 2);
        ask_as(map, 0); /* what was under way */
        CHECK_INT(count_of(next, MAP_COUNT_OK), 3);
        CHECK_INT(count_of(map, MAP_COUNT_OK), 2);
        CHECK_STR(map_counter_name(MAP_COUNT_NOTFOUND), "notfound");
        for (int i = 0; i < MAP_COUNTERS; i++)
                CHECK(map_counter_name((enum map_counter)i) != NULL);
        map_unref(map);
        map_unref(next);
}

static void test_percentile(void)
{
        struct map_counts counts = {.latency = {[0] = 1, [10] = 98, [20] = 1}};

        CHECK_INT(map_counts_percentile(&counts, 1), 1);
        CHECK_INT(map_counts_percentile(&counts, 50), 2047);
        CHECK_INT(map_counts_percentile(&counts, 99), 2047);
        CHECK_INT(map_counts_percentile(&counts, 100), 2097151);
        counts = (struct map_counts){0};
        CHECK_INT(map_counts_percentile(&counts, 50), 0);
}

static char observed[200];

static void observe(void *ctx, const struct map *map, struct span key,
        enum socketmap_status status, struct span text, uint64_t time)
{
        CHECK(ctx == observed);
        CHECK(time < 3600000000000);
        snprintf(observed, sizeof(observed), "%s %.*s %d %.*s",
                map_get_options(map)->name, (int)key.size, key.data,
                (int)status, (int)text.size, text.data);
}

static void test_observer(void)
{
        static const struct map_observer observer = {observe, observed};
        struct map *map = open_with("now:found", NULL);
        struct map_counts counts;
        uint64_t timed = 0;

        map_set_observer(map, &observer);
        ask_as(map, 0);
        CHECK_STR(observed, "virtual key 1 key");
        observed[0] = '\0';
        ask_as(map, 0);
        CHECK_STR(observed, "virtual key 1 key");
        map_get_counts(map, &counts);
        for (int i = 0; i < MAP_LATENCY_BUCKETS; i++)
                timed += counts.latency[i];
        CHECK_INT(timed, 2);
        observed[0] = '\0';
        map_set_observer(map, NULL);
        ask_as(map, 0);
        CHECK_STR(observed, "");
        map_unref(map);
}

static struct content *open_content(const char *spec)
{
        static struct report report = {.say = say};
        struct table_env env = {.report = &report};

        const struct map_options options = {.name = "virtual", .table = spec};

        return content_open(&env, &options, NULL);
}

/* What has begun ends on the content it began with. */
static void test_adopted(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct map *map = open_with("later:x", NULL);

        map_lookup(&request, map);
        content_unref(map_adopt(map, open_content("now:absent")));
        lookup_found(pending, SPAN_LITERAL("old"));
        pending->finish(pending);
        CHECK_STR(request.reply, "OK old");
        map_lookup(&request, map);
        CHECK_STR(request.reply, "NOTFOUND ");
        content_unref(map_adopt(map, open_content("now:down")));
        map_lookup(&request, map);
        CHECK_STR(request.reply, "TEMP server x: Connection refused");
        CHECK_INT(count_of(map, MAP_COUNT_RELOADS), 1);
        content_unref(map_adopt(map, open_content("now:found")));
        map_lookup(&request, map);
        CHECK_STR(request.reply, "OK key");
        map_unref(map);
}

static void test_canary(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct map *map = open_with("now:found", "bird");

        map_lookup(&request, map);
        CHECK_STR(request.reply, "OK key");
        map_unref(map);
        map = open_with("now:absent", "bird");
        map_lookup(&request, map);
        CHECK_STR(request.reply, "TEMP canary bird not found");
        CHECK_STR(warned, "map virtual answers TEMP: canary bird not found");
        map_unref(map);
        map = open_with("now:failed", "bird");
        map_lookup(&request, map);
        CHECK_STR(request.reply, "TEMP canary bird: no luck");
        map_unref(map);
        /* It is waited for. */
        map = open_with("later:found", "bird");
        map_lookup(&request, map);
        CHECK(pending != NULL);
        map_cancel(map);
        map_unref(map);
}

static void test_references(void)
{
        struct socketmap_request request = {.key = SPAN_LITERAL("key")};
        struct map *map = open_with("now:found", NULL);

        CHECK(map_ref(map) == map);
        map_unref(map);
        map_lookup(&request, map);
        CHECK_STR(request.reply, "OK key");
        map_unref(map);
}

static void test_absent_type(void)
{
        struct reason reason;

        CHECK_INT(table_check("gone:/x", &reason), -EINVAL);
        CHECK_STR(reason.text,
                "this build has no gone tables: it was made without their "
                "library; do without");
}

int main(void)
{
        RUN(test_absent_type);
        RUN(test_replies);
        RUN(test_wrong_specification);
        RUN(test_words);
        RUN(test_table_is_down);
        RUN(test_deadline);
        RUN(test_pending);
        RUN(test_cannot_hold);
        RUN(test_cancel);
        RUN(test_list);
        RUN(test_pending_list);
        RUN(test_counts);
        RUN(test_percentile);
        RUN(test_observer);
        RUN(test_adopted);
        RUN(test_canary);
        RUN(test_references);
        return check_done();
}
