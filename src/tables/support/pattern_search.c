/* SPDX-License-Identifier: MIT */
#include "tables/support/pattern_search.h"
#include "base/events.h"
#include <errno.h>
#include <time.h>

/* Nanoseconds that all the rules together may take where others wait ... */
#define TIME_INLINE_MAX ((uint64_t)1000000)

/* ... which is looked at after so many of them. */
#define RULES_BETWEEN 16

/* One lookup on one thread. */
struct search {
        const struct pattern_engine *engine;
        const struct rules *rules;
        void *matcher;
        struct lookup *lookup;
        bool in_thread;
        unsigned tried;
        uint64_t begun; /* when the time was first looked at */
        struct reason reason;
};

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

/* Returns 1, 0, or a negative errno with the reason. */
static int rule_matches(struct search *search, const struct pattern_rule *rule)
{
        const struct pattern_engine *engine = search->engine;
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
        const struct pattern_rule *rules = search->rules->items;
        size_t i = 0;

        while (i < search->rules->count) {
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

        return search->engine->group(
                search->matcher, search->lookup->key, number);
}

static void fail(const struct search *search, const struct pattern_rule *rule)
{
        char name[200];

        rule_name(search->rules, &rule->rule, name, sizeof(name));
        lookup_failed(search->lookup, "%s: %s", name, search->reason.text);
}

static void found(struct search *search, const struct pattern_rule *rule)
{
        struct lookup *lookup = search->lookup;
        struct span value;

        rule_trace(search->rules, &rule->rule, lookup);
        if (result_write(&rule->result, group, search, lookup->arena, &value) <
                0)
                lookup_failed(lookup, "out of memory for the value");
        else
                lookup_found(lookup, value);
}

bool pattern_search(const struct pattern_engine *engine,
        const struct rules *rules, void *matcher, struct lookup *lookup,
        bool in_thread)
{
        struct search search = {.engine = engine,
                .rules = rules,
                .matcher = matcher,
                .lookup = lookup,
                .in_thread = in_thread};
        const struct pattern_rule *rule;
        int result;

        if (engine->prepare(matcher, lookup->key) < 0) {
                lookup_failed(lookup, "out of memory for the key");
                return true;
        }
        result = find(&search, &rule);
        if (result == -EAGAIN)
                return false;
        if (result == 0)
                lookup_absent(lookup);
        else if (result < 0)
                fail(&search, rule);
        else
                found(&search, rule);
        return true;
}
