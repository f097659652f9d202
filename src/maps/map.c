/* SPDX-License-Identifier: MIT */
#include "maps/map.h"
#include "maps/requests.h"
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Nanoseconds from one look at a file that may still be written to the next. */
#define SETTLE_PAUSE 100000000L

/* How often: for longer than any file is hot that is left alone. */
#define SETTLE_TRIES 30

struct map {
        atomic_uint references;
        struct arena arena; /* of the options' texts */
        struct map_options options;
        struct directory *directory; /* a reference */
        struct events *events;
        const struct table_watcher *watcher;
        /*
         * Written by the server's thread, under the mutex; so that thread reads
         * it without, and holds no reference during a lookup of its own.
         */
        struct content *content;
        pthread_mutex_t mutex;
        struct tally tally;
        struct map *heir; /* a reference; NULL: nobody counts in its place */
        struct requests requests;
};

static void free_map(struct map *map)
{
        requests_fini(&map->requests);
        content_unref(map->content);
        pthread_mutex_destroy(&map->mutex);
        map_unref(map->heir);
        directory_unref(map->directory);
        arena_fini(&map->arena);
        free(map);
}

/* Whether the maps that this one may be made of are the same there. */
static bool has_same_maps(
        const struct map *map, const struct directory *directory)
{
        return !directory_is_needed(&map->options) ||
               directory_is_same(map->directory, directory);
}

/* Whether what one of them has open would do for the other. */
static bool answers_alike(const struct map *map, const struct map *former)
{
        struct map_options options = former->options;

        options.canary = map->options.canary;
        options.auto_reload = map->options.auto_reload;
        options.shrink_limit = map->options.shrink_limit;
        return map_options_are_same(&map->options, &options) &&
               has_same_maps(map, former->directory);
}

/*
 * Lets a map whose table cannot be opened have what a former map has from the
 * same one. Returns false when there is nothing of that kind.
 */
static bool keep_content(
        const struct table_env *env, struct map *map, struct map *former)
{
        struct content *content;

        if (former == NULL || !answers_alike(map, former))
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
        map->content = content;
        return true;
}

static struct map *make_map(const struct table_env *env,
        const struct map_options *options, struct directory *directory)
{
        struct map *map = calloc(1, sizeof(*map));

        if (map == NULL)
                return NULL;
        atomic_init(&map->references, 1);
        arena_init(&map->arena, NULL, 0, SIZE_MAX);
        pthread_mutex_init(&map->mutex, NULL);
        map->events = env->events;
        map->watcher = env->watcher;
        map->directory = directory_ref(directory);
        map->tally.map = map;
        requests_begin(&map->requests, &map->tally, map->events);
        if (map_options_copy(options, &map->arena, &map->options) == 0)
                return map;
        map_unref(map);
        return NULL;
}

struct content *map_open_content(const struct map *map, struct report *report)
{
        struct table_env env = {.report = report,
                .events = map->events,
                .watcher = map->watcher};

        return content_open(&env, &map->options, map->directory);
}

/* Whether all that it was read from is what the former one was read from. */
static bool has_same_files(
        const struct content *content, const struct content *former)
{
        const struct table *a = content->table, *b = former->table;

        if (b == NULL || a->file_count != b->file_count)
                return false;
        for (size_t i = 0; i < a->file_count; i++)
                if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
                        !file_state_is_same(
                                &a->files[i].state, &b->files[i].state))
                        return false;
        return true;
}

/* Whether it may be of half a file that was whole for the former map. */
static bool is_unsettled(const struct content *content, struct map *former)
{
        struct content *before;
        bool is_same;

        if (!content_is_hot(content))
                return false;
        before = map_get_content(former);
        is_same = has_same_files(content, before);
        content_unref(before);
        return !is_same;
}

static bool is_still_hot(const struct content *content)
{
        const struct table *table = content->table;
        struct file_state now;

        for (size_t i = 0; i < table->file_count; i++)
                if (file_state_get(table->files[i].name, &now) == 0 &&
                        now.is_hot)
                        return true;
        return false;
}

/*
 * Reads again what somebody may still have been writing, once it was left alone
 * for two seconds, as Postfix does: half a file would make users unknown that
 * the former map knows, and goes on answering for.
 */
static void settle(
        const struct table_env *env, struct map *map, struct map *former)
{
        const struct timespec pause = {.tv_nsec = SETTLE_PAUSE};

        for (int i = 0; i < SETTLE_TRIES && map->content != NULL &&
                        is_unsettled(map->content, former);
                i++) {
                nanosleep(&pause, NULL);
                if (is_still_hot(map->content))
                        continue;
                content_unref(map->content);
                map->content = map_open_content(map, env->report);
        }
        if (map->content != NULL && is_unsettled(map->content, former)) {
                reason_set(
                        &map->content->reason, "its files change all the time");
                keep_content(env, map, former);
        }
}

struct map *map_reopen(const struct table_env *env,
        const struct map_options *options, struct directory *directory,
        struct map *former, struct reason *ret_reason)
{
        struct map *map = make_map(env, options, directory);

        if (map != NULL)
                map->content = map_open_content(map, env->report);
        if (map != NULL && former != NULL)
                settle(env, map, former);
        if (map == NULL || map->content == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "map %s", options->name);
                goto fail;
        }
        if (map->content->table != NULL)
                return map;
        if (map->content->reason.code == -EINVAL) {
                *ret_reason = map->content->reason;
                goto fail;
        }
        if (!keep_content(env, map, former))
                report_at(env->report, SEVERITY_WARNING, NULL,
                        "map %s answers TEMP: %s", options->name,
                        map->content->reason.text);
        return map;

fail:
        map_unref(map);
        return NULL;
}

struct map *map_open(const struct table_env *env,
        const struct map_options *options, struct directory *directory,
        struct reason *ret_reason)
{
        return map_reopen(env, options, directory, NULL, ret_reason);
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

const struct map_options *map_get_options(const struct map *map)
{
        return &map->options;
}

bool map_is_same(struct map *map, const struct map_options *options,
        const struct directory *directory)
{
        struct content *content;
        bool is_current;

        if (!map_options_are_same(&map->options, options) ||
                !has_same_maps(map, directory))
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

struct content *map_adopt(struct map *map, struct content *content)
{
        struct content *former = map->content;

        pthread_mutex_lock(&map->mutex);
        map->content = content;
        pthread_mutex_unlock(&map->mutex);
        tally_add(&map->tally, MAP_COUNT_RELOADS, content->table != NULL);
        return former;
}

void map_count_failure(struct map *map)
{
        tally_add(&map->tally, MAP_COUNT_FAILURES, 1);
}

void map_set_observer(struct map *map, const struct map_observer *observer)
{
        atomic_store(&map->tally.observer, observer);
}

void map_get_counts(const struct map *map, struct map_counts *ret_counts)
{
        tally_get(&map->tally, ret_counts);
}

void map_inherit_counts(struct map *map, struct map *former)
{
        former->heir = map_ref(map);
        tally_inherit(&map->tally, &former->tally);
}

void map_lookup(struct socketmap_request *request, void *ctx)
{
        struct map *map = ctx;

        requests_ask(&map->requests, map->content, request);
}

void map_cancel(struct map *map)
{
        requests_cancel(&map->requests);
}
