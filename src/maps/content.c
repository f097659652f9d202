/* SPDX-License-Identifier: MIT */
#include "maps/content.h"
#include "maps/search.h"
#include <errno.h>
#include <stdlib.h>

/* How long a canary may take to be found, in milliseconds. */
#define CANARY_TIME 5000

/* A map that is being opened; each inside of the one before. */
struct opening {
        const struct directory *directory;
        const char *name;
        bool is_secret;
        const struct opening *outer;
};

static struct table *open_tables(const struct table_env *env,
        const struct map_options *options, const struct opening *opening,
        struct reason *ret_reason);

static bool is_ring(const struct opening *opening, const char *name)
{
        while (opening != NULL && strcmp(opening->name, name) != 0)
                opening = opening->outer;
        return opening != NULL;
}

/* Opens what another map answers from, for map:NAME. */
static struct table *open_map(const struct table_env *env, const char *name,
        struct reason *ret_reason)
{
        const struct opening *outer = env->ctx;
        const struct map_options *options =
                directory_find(outer->directory, name);
        struct opening opening = {.outer = outer};

        if (options == NULL) {
                reason_set(
                        ret_reason, "map:%s: there is no [map %s]", name, name);
                return NULL;
        }
        if (options->secret && !outer->is_secret) {
                reason_set(ret_reason,
                        "map:%s: [map %s] is secret: [map %s], made of it, "
                        "has to be, too",
                        name, name, outer->name);
                return NULL;
        }
        if (is_ring(outer, name)) {
                reason_set(ret_reason, "map:%s: [map %s] is made of itself",
                        name, name);
                return NULL;
        }
        opening.directory = outer->directory;
        opening.name = name;
        opening.is_secret = options->secret;
        return open_tables(env, options, &opening, ret_reason);
}

static struct table *open_tables(const struct table_env *env,
        const struct map_options *options, const struct opening *opening,
        struct reason *ret_reason)
{
        struct table_env inner = *env;

        inner.map = options->name;
        inner.fold = options->fold;
        inner.threads = options->threads;
        inner.queue = options->queue;
        inner.no_substitution =
                order_forbids_substitution(order_names[options->search]);
        inner.open_map = open_map;
        inner.ctx = (void *)opening;
        return search_open(&inner, options, ret_reason);
}

static int find_canary(
        struct table *table, const char *canary, struct reason *ret_reason)
{
        max_align_t memory[256];
        struct arena arena;
        struct lookup lookup = {
                .key = span_of(canary),
                .deadline = events_now() + CANARY_TIME,
                .arena = &arena,
        };

        arena_init(&arena, memory, sizeof(memory), (size_t)1024 * 1024);
        table_start(table, &lookup);
        arena_fini(&arena);
        if (lookup.answer == ANSWER_FOUND)
                return 0;
        if (lookup.answer == ANSWER_FAILED)
                reason_set(ret_reason, "canary %s: %s", canary,
                        lookup.reason.text);
        else
                reason_set(ret_reason, "canary %s not found", canary);
        ret_reason->code = -ENOENT;
        return -ENOENT;
}

struct content *content_open(const struct table_env *env,
        const struct map_options *options, const struct directory *directory)
{
        struct opening opening = {
                directory, options->name, options->secret, NULL};
        struct content *content = calloc(1, sizeof(*content));
        struct table *table;

        if (content == NULL)
                return NULL;
        atomic_init(&content->references, 1);
        content->events = env->events;
        content->takes_empty = options->empty_value;
        table = open_tables(env, options, &opening, &content->reason);
        if (table != NULL && options->canary != NULL &&
                find_canary(table, options->canary, &content->reason) < 0) {
                table_close(table);
                table = NULL;
        }
        content->table = table;
        return content;
}

struct content *content_ref(struct content *content)
{
        atomic_fetch_add(&content->references, 1);
        return content;
}

static void close_content(struct content *content)
{
        table_close(content->table);
        free(content);
}

static void close_later(struct post *post)
{
        close_content((struct content *)((char *)post -
                                         offsetof(struct content, closing)));
}

void content_unref(struct content *content)
{
        if (content == NULL || atomic_fetch_sub(&content->references, 1) != 1)
                return;
        content->closing.run = close_later;
        if (content->table != NULL && content->table->pends &&
                content->events != NULL &&
                events_post(content->events, &content->closing))
                return;
        close_content(content);
}

bool content_is_current(const struct content *content)
{
        if (content->table == NULL)
                return false;
        for (size_t i = 0; i < content->table->file_count; i++) {
                const struct table_file *file = &content->table->files[i];
                struct file_state now;

                if (file->state.is_hot ||
                        file_state_get(file->name, &now) < 0 ||
                        !file_state_is_same(&file->state, &now))
                        return false;
        }
        return true;
}

bool content_is_hot(const struct content *content)
{
        if (content->table == NULL)
                return false;
        for (size_t i = 0; i < content->table->file_count; i++)
                if (content->table->files[i].state.is_hot)
                        return true;
        return false;
}
