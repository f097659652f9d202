/* SPDX-License-Identifier: MIT */
#include "tables/support/patterns.h"
#include "base/events.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

/*
 * A longer key goes to a thread at once: the simplest of patterns can take time
 * by the square of its size. Addresses have no more than 320 bytes.
 */
#define KEY_INLINE_MAX ((size_t)512)

/* Nanoseconds that all the rules together may take where others wait ... */
#define TIME_INLINE_MAX ((uint64_t)1000000)

/* ... which is looked at after so many of them. */
#define RULES_BETWEEN 16

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

/* One lookup on one thread. */
struct search {
        const struct shared *shared;
        void *matcher;
        struct lookup *lookup;
        bool in_thread;
        unsigned tried;
        uint64_t begun; /* when the time was first looked at */
        struct reason reason;
};

static const struct pattern_rule *rules_of(const struct shared *shared)
{
        return shared->rules->items;
}

static uint64_t nanoseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Returns 0 if there is time for another rule. */
static int check_time(struct search *search)
{
        uint64_t now;

        if (search->in_thread) {
                if (events_now() < search->lookup->deadline)
                        return 0;
                reason_set(&search->reason, "took too long");
                return -ETIMEDOUT;
        }
        if (++search->tried % RULES_BETWEEN != 0)
                return 0;
        now = nanoseconds();
        if (search->begun == 0)
                search->begun = now;
        return now - search->begun > TIME_INLINE_MAX ? -EAGAIN : 0;
}

/* Begins a lookup. Returns 0, or -ENOMEM after it has failed. */
static int prepare(const struct search *search)
{
        int error = search->shared->engine->prepare(
                search->matcher, search->lookup->key);

        if (error < 0)
                lookup_failed(search->lookup, "out of memory for the key");
        return error;
}

/* Returns 1, 0, or a negative errno with the reason. */
static int rule_matches(struct search *search, const struct pattern_rule *rule)
{
        const struct pattern_engine *engine = search->shared->engine;
        struct span key = search->lookup->key;
        int match = engine->match(search->matcher, rule->first, key,
                rule->result.groups, &search->reason);

        if (match < 0)
                return match;
        if ((match > 0) == rule->is_negated)
                return 0;
        if (rule->second == NULL)
                return 1;
        match = engine->match(
                search->matcher, rule->second, key, 0, &search->reason);
        if (match < 0)
                return match;
        return (match > 0) != rule->is_second_negated;
}

/*
 * Finds the rule that gives the answer. Returns 1, 0 if there is none, or a
 * negative errno with the reason and the rule that is to blame.
 */
static int find(struct search *search, const struct pattern_rule **ret_rule)
{
        const struct pattern_rule *rules = rules_of(search->shared);
        size_t i = 0;

        while (i < search->shared->rules->count) {
                const struct pattern_rule *rule = &rules[i];
                int result = check_time(search);

                if (result == 0)
                        result = rule_matches(search, rule);
                if (result < 0 || (result > 0 && !rule->rule.is_if)) {
                        *ret_rule = rule;
                        return result;
                }
                i = result > 0 ? i + 1 : rule->rule.miss;
        }
        return 0;
}

static struct span group(void *ctx, unsigned number)
{
        const struct search *search = ctx;

        return search->shared->engine->group(
                search->matcher, search->lookup->key, number);
}

static enum progress fail(
        const struct search *search, const struct pattern_rule *rule)
{
        char name[200];

        rule_name(search->shared->rules, &rule->rule, name, sizeof(name));
        return lookup_failed(
                search->lookup, "%s: %s", name, search->reason.text);
}

static enum progress found(
        struct search *search, const struct pattern_rule *rule)
{
        struct lookup *lookup = search->lookup;
        struct span value;

        rule_trace(search->shared->rules, &rule->rule, lookup);
        if (result_write(&rule->result, group, search, lookup->arena, &value) <
                0)
                return lookup_failed(lookup, "out of memory for the value");
        return lookup_found(lookup, value);
}

static void run(void *ctx, void *matcher, struct lookup *lookup)
{
        struct search search = {.shared = ctx,
                .matcher = matcher,
                .lookup = lookup,
                .in_thread = true};
        const struct pattern_rule *rule;
        int result;

        if (prepare(&search) < 0)
                return;
        result = find(&search, &rule);
        if (result == 0)
                lookup_absent(lookup);
        else if (result < 0)
                fail(&search, rule);
        else
                found(&search, rule);
}

enum progress patterns_start(struct table *table, struct lookup *lookup)
{
        struct patterns *patterns = (struct patterns *)table;
        struct search search = {.shared = patterns->shared,
                .matcher = patterns->matcher,
                .lookup = lookup};
        const struct pattern_rule *rule;
        int result = -EAGAIN;

        if (lookup->key.size <= KEY_INLINE_MAX) {
                if (prepare(&search) < 0)
                        return LOOKUP_DONE;
                result = find(&search, &rule);
        }
        if (result == 0)
                return lookup_absent(lookup);
        if (result > 0)
                return found(&search, rule);
        if (result != -EAGAIN)
                return fail(&search, rule);
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
