/* SPDX-License-Identifier: MIT */
#include "tables/support/patterns.h"
#include "tables/support/pattern_search.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

/*
 * A longer key goes to a thread at once: time grows by the square of its size
 * for patterns as simple as (a|aa)*b. glibc takes 0.7 ms for that and 512
 * bytes, 1.4 s for 20,000. Addresses have no more than 320 bytes.
 */
#define KEY_INLINE_MAX ((size_t)512)

/* What threads use. It may outlive the table. */
struct shared {
        struct workers_type workers;
        const struct pattern_engine *engine;
        struct rules *rules;
        unsigned groups; /* the highest of all the results */
};

struct patterns {
        struct table table;
        struct shared *shared; /* the workers' */
        struct workers *workers;
        void *matcher; /* of the thread that asks */
        struct table_file file;
};

static const struct pattern_rule *rules_of(const struct shared *shared)
{
        return shared->rules->items;
}

static void run(void *ctx, void *matcher, struct lookup *lookup)
{
        const struct shared *shared = ctx;

        pattern_search(shared->engine, shared->rules, matcher, lookup, true);
}

enum progress patterns_start(struct table *table, struct lookup *lookup)
{
        struct patterns *patterns = (struct patterns *)table;
        const struct shared *shared = patterns->shared;

        if (lookup->key.size <= KEY_INLINE_MAX &&
                pattern_search(shared->engine, shared->rules, patterns->matcher,
                        lookup, false))
                return LOOKUP_DONE;
        lookup_trace(lookup, "it takes long: on a thread, from the beginning");
        return workers_start(patterns->workers, lookup);
}

void patterns_cancel(struct table *table, struct lookup *lookup)
{
        struct patterns *patterns = (struct patterns *)table;

        workers_cancel(patterns->workers, lookup);
}

static void *begin_thread(void *ctx, struct reason *ret_reason)
{
        const struct shared *shared = ctx;
        void *matcher = shared->engine->begin(
                2 * shared->rules->count, shared->groups, true);

        if (matcher == NULL)
                reason_set_errno(
                        ret_reason, -ENOMEM, "%s", shared->rules->type->name);
        return matcher;
}

static void free_shared(void *ctx)
{
        struct shared *shared = ctx;

        if (shared == NULL)
                return;
        rules_free(shared->rules);
        free(shared);
}

static struct shared *share(const struct pattern_engine *engine,
        const struct table_env *env, const char *argument,
        struct reason *ret_reason)
{
        struct shared *shared = calloc(1, sizeof(*shared));

        if (shared == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", engine->rules.name);
                return NULL;
        }
        shared->engine = engine;
        shared->workers = (struct workers_type){.begin = begin_thread,
                .end = engine->end,
                .run = run,
                .free = free_shared};
        shared->rules = rules_read(env, &engine->rules, argument, ret_reason);
        if (shared->rules == NULL) {
                free_shared(shared);
                return NULL;
        }
        for (size_t i = 0; i < shared->rules->count; i++) {
                unsigned groups = rules_of(shared)[i].result.groups;

                if (groups > shared->groups)
                        shared->groups = groups;
        }
        return shared;
}

/* Takes over `shared`. Returns NULL if there is no memory. */
static struct patterns *make(struct shared *shared, const struct table_env *env)
{
        const struct pattern_engine *engine = shared->engine;
        struct patterns *patterns = calloc(1, sizeof(*patterns));

        if (patterns == NULL) {
                free_shared(shared);
                return NULL;
        }
        patterns->table = (struct table){
                .type = engine->type,
                .entries = shared->rules->count,
                .pends = true,
                .is_pattern = true,
        };
        patterns->shared = shared;
        patterns->workers = workers_new(env, &shared->workers, shared);
        patterns->matcher =
                engine->begin(2 * shared->rules->count, shared->groups, false);
        if (patterns->workers == NULL || patterns->matcher == NULL) {
                patterns_close(&patterns->table);
                return NULL;
        }
        return patterns;
}

struct table *patterns_read(const struct pattern_engine *engine,
        const struct table_env *env, const char *argument,
        const struct file_state *state, struct reason *ret_reason)
{
        struct shared *shared = share(engine, env, argument, ret_reason);
        struct patterns *patterns;

        if (shared == NULL)
                return NULL;
        patterns = make(shared, env);
        if (patterns == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", engine->rules.name);
                return NULL;
        }
        rules_set_file(shared->rules, state, &patterns->table, &patterns->file);
        return &patterns->table;
}

void patterns_close(struct table *table)
{
        struct patterns *patterns = (struct patterns *)table;
        const struct pattern_engine *engine = patterns->shared->engine;

        if (patterns->matcher != NULL)
                engine->end(patterns->matcher);
        if (patterns->workers != NULL)
                workers_close(patterns->workers);
        else
                free_shared(patterns->shared);
        free(patterns);
}
