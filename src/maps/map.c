/* SPDX-License-Identifier: MIT */
#include "maps/map.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <time.h>

/* What a lookup may use without malloc, and what it may take from malloc. */
#define LOOKUP_MEMORY ((size_t)4096)
#define LOOKUP_MEMORY_MAX ((size_t)1024 * 1024)

/* Of so many lookups one is timed: reading the clock costs more than all else
 * that is counted. */
#define LOOKUPS_A_SAMPLE 64

struct map {
        atomic_uint references;
        struct map_options options; /* their texts are ours */
        /*
         * Written by the server's thread, under the mutex; so that thread reads
         * it without, and holds no reference during a lookup of its own.
         */
        struct content *content;
        pthread_mutex_t mutex;
        bool has_workers; /* once true it stays: lookups run on any thread */
        const struct map_observer *_Atomic observer;
        _Atomic uint64_t counts[MAP_COUNTERS];
        _Atomic uint64_t latency[MAP_LATENCY_BUCKETS];
        _Atomic unsigned turn; /* to the next sample */
};

/* What is replied. */
struct outcome {
        enum socketmap_status status;
        struct span text;
};

/* A lookup that may be pending, with the request it is for. */
struct question {
        struct lookup lookup;
        struct arena arena;
        struct socketmap_request *request; /* held */
        struct map *map;
        struct content *content; /* a reference */
        uint64_t begin;          /* 0: it is not timed */
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
};

static int copy_options(struct map *map, const struct map_options *options)
{
        map->options = *options;
        map->options.name = strdup(options->name);
        map->options.table = strdup(options->table);
        map->options.canary =
                options->canary != NULL ? strdup(options->canary) : NULL;
        if (map->options.name == NULL || map->options.table == NULL ||
                (options->canary != NULL && map->options.canary == NULL))
                return -ENOMEM;
        return 0;
}

static void free_map(struct map *map)
{
        content_unref(map->content);
        pthread_mutex_destroy(&map->mutex);
        free((char *)map->options.name);
        free((char *)map->options.table);
        free((char *)map->options.canary);
        free(map);
}

static void set_content(struct map *map, struct content *content)
{
        map->content = content;
}

/*
 * Lets a map whose table cannot be opened have what a former map has from the
 * same one. Returns false when there is nothing of that kind.
 */
static bool keep_content(
        const struct table_env *env, struct map *map, struct map *former)
{
        struct content *content;

        if (former == NULL ||
                strcmp(former->options.table, map->options.table) != 0)
                return false;
        content = map_get_content(former);
        if (content->table == NULL) {
                content_unref(content);
                return false;
        }
        report_at(env->report, SEVERITY_WARNING, NULL,
                "map %s keeps what it has: %s", map->options.name,
                map->content->reason.text);
        content_unref(map->content);
        set_content(map, content);
        return true;
}

struct map *map_reopen(const struct table_env *env,
        const struct map_options *options, struct map *former,
        struct reason *ret_reason)
{
        struct map *map = calloc(1, sizeof(*map));
        struct content *content;

        if (map == NULL)
                goto no_memory;
        atomic_init(&map->references, 1);
        pthread_mutex_init(&map->mutex, NULL);
        if (copy_options(map, options) < 0)
                goto no_memory;
        content = content_open(env, options->table, options->canary);
        if (content == NULL)
                goto no_memory;
        set_content(map, content);
        if (content->table == NULL && content->reason.code == -EINVAL) {
                *ret_reason = content->reason;
                goto fail;
        }
        if (content->table == NULL && !keep_content(env, map, former))
                report_at(env->report, SEVERITY_WARNING, NULL,
                        "map %s answers TEMP: %s", options->name,
                        content->reason.text);
        return map;

no_memory:
        reason_set_errno(ret_reason, -ENOMEM, "map %s", options->name);
fail:
        map_unref(map);
        return NULL;
}

struct map *map_open(const struct table_env *env,
        const struct map_options *options, struct reason *ret_reason)
{
        return map_reopen(env, options, NULL, ret_reason);
}

struct map *map_ref(struct map *map)
{
        atomic_fetch_add(&map->references, 1);
        return map;
}

void map_unref(struct map *map)
{
        if (map != NULL && atomic_fetch_sub(&map->references, 1) == 1)
                free_map(map);
}

unsigned map_flags(const struct map *map)
{
        return map->has_workers ? 0 : SOCKETMAP_INLINE;
}

const struct map_options *map_get_options(const struct map *map)
{
        return &map->options;
}

static bool is_same_text(const char *a, const char *b)
{
        if (a == NULL || b == NULL)
                return a == b;
        return strcmp(a, b) == 0;
}

bool map_is_same(struct map *map, const struct map_options *options)
{
        const struct map_options *own = &map->options;
        struct content *content;
        bool is_current;

        if (strcmp(own->name, options->name) != 0 ||
                strcmp(own->table, options->table) != 0 ||
                !is_same_text(own->canary, options->canary) ||
                own->auto_reload != options->auto_reload ||
                own->shrink_limit != options->shrink_limit ||
                own->secret != options->secret)
                return false;
        content = map_get_content(map);
        is_current = content_is_current(content);
        content_unref(content);
        return is_current;
}

struct content *map_get_content(struct map *map)
{
        struct content *content;

        pthread_mutex_lock(&map->mutex);
        content = content_ref(map->content);
        pthread_mutex_unlock(&map->mutex);
        return content;
}

/* Where only one thread writes, it needs no locked add. */
static void add(struct map *map, _Atomic uint64_t *value, uint64_t amount)
{
        if (map->has_workers)
                atomic_fetch_add_explicit(value, amount, memory_order_relaxed);
        else
                atomic_store_explicit(value,
                        atomic_load_explicit(value, memory_order_relaxed) +
                                amount,
                        memory_order_relaxed);
}

struct content *map_adopt(struct map *map, struct content *content)
{
        struct content *former = map->content;

        pthread_mutex_lock(&map->mutex);
        set_content(map, content);
        pthread_mutex_unlock(&map->mutex);
        add(map, &map->counts[MAP_COUNT_RELOADS], content->table != NULL);
        return former;
}

void map_count_failure(struct map *map)
{
        add(map, &map->counts[MAP_COUNT_FAILURES], 1);
}

void map_set_observer(struct map *map, const struct map_observer *observer)
{
        atomic_store(&map->observer, observer);
}

void map_get_counts(const struct map *map, struct map_counts *ret_counts)
{
        for (size_t n = 0; n < MAP_COUNTERS; n++)
                ret_counts->value[n] = atomic_load_explicit(
                        &map->counts[n], memory_order_relaxed);
        for (size_t n = 0; n < MAP_LATENCY_BUCKETS; n++)
                ret_counts->latency[n] = atomic_load_explicit(
                        &map->latency[n], memory_order_relaxed);
}

void map_inherit_counts(struct map *map, const struct map *former)
{
        struct map_counts counts;

        map_get_counts(former, &counts);
        for (size_t n = 0; n < MAP_COUNTERS; n++)
                add(map, &map->counts[n], counts.value[n]);
        for (size_t n = 0; n < MAP_LATENCY_BUCKETS; n++)
                add(map, &map->latency[n], counts.latency[n]);
}

/* Never 0, which stands for a lookup that is not timed. */
static uint64_t nanoseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 1;
}

/* Returns when this lookup began, or 0 when that is not asked for. */
static uint64_t begin_time(struct map *map)
{
        unsigned turn = atomic_load_explicit(&map->turn, memory_order_relaxed);

        atomic_store_explicit(&map->turn, turn + 1, memory_order_relaxed);
        if (turn % LOOKUPS_A_SAMPLE != 0 &&
                atomic_load_explicit(&map->observer, memory_order_acquire) ==
                        NULL)
                return 0;
        return nanoseconds();
}

static size_t bucket_of(uint64_t time)
{
        size_t bucket = 0;

        while ((time >>= 1) != 0 && bucket < MAP_LATENCY_BUCKETS - 1)
                bucket++;
        return bucket;
}

__attribute__((noinline)) static void tell_time(struct map *map,
        const struct socketmap_request *request, const struct outcome *outcome,
        uint64_t begin)
{
        struct span key = {socketmap_request_key(request),
                socketmap_request_key_size(request)};

        const struct map_observer *observer =
                atomic_load_explicit(&map->observer, memory_order_acquire);
        uint64_t time = nanoseconds() - begin;

        add(map, &map->latency[bucket_of(time)], 1);
        if (observer != NULL)
                observer->answered(observer->ctx, map, key, outcome->status,
                        outcome->text, time);
}

/* A map has no other replies than the first three. */
_Static_assert(
        MAP_COUNT_NOTFOUND - MAP_COUNT_OK ==
                        SOCKETMAP_NOTFOUND - SOCKETMAP_OK &&
                MAP_COUNT_TEMP - MAP_COUNT_OK == SOCKETMAP_TEMP - SOCKETMAP_OK,
        "the counters of replies are in the order of the statuses");

static enum map_counter counter_of(enum socketmap_status status, int replied)
{
        if (replied == 0)
                return (enum map_counter)(
                        MAP_COUNT_OK + (status - SOCKETMAP_OK));
        if (replied == -ETIMEDOUT)
                return MAP_COUNT_LATE;
        if (replied == -ECANCELED)
                return MAP_COUNT_CANCELED;
        return MAP_COUNT_TEMP; /* the server has sent it in its place */
}

static void reply(struct map *map, struct socketmap_request *request,
        const struct outcome *outcome, uint64_t begin)
{
        int r = socketmap_reply(request, outcome->status, outcome->text.data,
                outcome->text.size);

        add(map, &map->counts[counter_of(outcome->status, r)], 1);
        if (begin != 0)
                tell_time(map, request, outcome, begin);
}

static struct outcome temp(const char *text)
{
        return (struct outcome){SOCKETMAP_TEMP, span_of(text)};
}

/* What Postfix would take for an error or cut short is not sent as if it were
 * right. */
static struct outcome outcome_of_value(
        const struct table *table, struct span value)
{
        if (value.size == 0)
                return temp("empty value in the table");
        if (!table->is_text && memchr(value.data, '\0', value.size) != NULL)
                return temp("NUL byte in the value");
        if (!table->is_text && !utf8_is_valid(value))
                return temp("the value is not UTF-8");
        return (struct outcome){SOCKETMAP_OK, value};
}

/* Only a table that says so itself makes a NOTFOUND, which bounces mail. */
static struct outcome outcome_of(
        const struct table *table, const struct lookup *lookup)
{
        switch (lookup->answer) {
        case ANSWER_FOUND:
                return outcome_of_value(table, lookup->value);
        case ANSWER_ABSENT:
                return (struct outcome){SOCKETMAP_NOTFOUND, SPAN_LITERAL("")};
        case ANSWER_FAILED:
                return temp(lookup->reason.text);
        case ANSWER_NONE:
                break;
        }
        return temp("the table did not answer");
}

static uint64_t deadline_of(const struct socketmap_request *request)
{
        return nanoseconds() / 1000000 + socketmap_request_remaining(request);
}

static void begin(struct lookup *lookup, struct arena *arena,
        const struct socketmap_request *request)
{
        lookup->key.data = socketmap_request_key(request);
        lookup->key.size = socketmap_request_key_size(request);
        lookup->deadline = UINT64_MAX;
        lookup->arena = arena;
        lookup->trace = NULL;
        lookup->finish = NULL;
        lookup->owner = NULL;
        lookup->answer = ANSWER_NONE;
        lookup->state = NULL;
}

/* Asks a table that answers before start returns. */
static void ask_now(struct map *map, struct table *table,
        struct socketmap_request *request, uint64_t begin_at)
{
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
        struct arena arena;
        struct lookup lookup;
        struct outcome outcome;
        enum progress progress;

        arena_init(&arena, memory, sizeof(memory), LOOKUP_MEMORY_MAX);
        begin(&lookup, &arena, request);
        progress = table_start(table, &lookup);
        assert(progress == LOOKUP_DONE);
        (void)progress;
        outcome = outcome_of(table, &lookup);
        reply(map, request, &outcome, begin_at);
        arena_fini(&arena);
}

static void finish(struct lookup *lookup)
{
        struct question *question = lookup->owner;
        struct outcome outcome = outcome_of(question->content->table, lookup);

        reply(question->map, question->request, &outcome, question->begin);
        socketmap_request_release(question->request);
        content_unref(question->content);
        arena_fini(&question->arena);
        free(question);
}

/* Asks a table that may answer later: everything lives on until then. */
static void ask_later(struct map *map, struct content *content,
        struct socketmap_request *request, uint64_t begin_at)
{
        struct question *question = malloc(sizeof(*question));
        struct table *table = content->table;

        if (question == NULL) {
                struct outcome outcome = temp("out of memory");

                reply(map, request, &outcome, begin_at);
                return;
        }
        question->request = socketmap_request_hold(request);
        if (question->request == NULL) {
                free(question);
                return; /* unanswered: the server sends TEMP */
        }
        question->map = map;
        question->content = content_ref(content);
        question->begin = begin_at;
        arena_init(&question->arena, question->memory, sizeof(question->memory),
                LOOKUP_MEMORY_MAX);
        begin(&question->lookup, &question->arena, question->request);
        question->lookup.deadline = deadline_of(question->request);
        question->lookup.finish = finish;
        question->lookup.owner = question;
        if (table_start(table, &question->lookup) == LOOKUP_DONE)
                finish(&question->lookup);
}

static void ask(struct map *map, struct content *content,
        struct socketmap_request *request)
{
        uint64_t begin_at = begin_time(map);
        struct outcome outcome;

        if (content->table == NULL) {
                outcome = temp(content->reason.text);
                reply(map, request, &outcome, begin_at);
        } else if (!content->table->pends) {
                ask_now(map, content->table, request, begin_at);
        } else {
                ask_later(map, content, request, begin_at);
        }
}

void map_lookup(struct socketmap_request *request, void *ctx)
{
        struct map *map = ctx;
        struct content *content;

        if (!map->has_workers) {
                ask(map, map->content, request);
                return;
        }
        content = map_get_content(map);
        ask(map, content, request);
        content_unref(content);
}
