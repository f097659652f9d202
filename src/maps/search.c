/* SPDX-License-Identifier: MIT */
#include "maps/search.h"
#include "base/braces.h"
#include "base/casefold.h"
#include "base/utf8.h"
#include "maps/candidates.h"
#include "maps/propagate.h"
#include "tables/support/db_common.h"
#include "tables/support/group.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static const struct table_type type_search;

struct search {
        struct table table;
        struct arena arena; /* of all that follows */
        struct group group;
        enum order order;
        struct order_options order_options;
        bool propagates;
        bool is_secret;
        struct db_common *rules; /* NULL: none */
};

/* A lookup on its way through a search. */
struct walk {
        const struct search *search;
        struct lookup *asking; /* the asker's */
        struct candidates candidates;
        struct candidate candidate;
        struct span key; /* what the tables are asked for it */
        size_t member;   /* the one that is asked */
        struct lookup lookup;
};

/* The list has the orders by their names, as Postfix's has its classes. */
static bool propagates(const struct map_options *options, enum order order)
{
        const char *list = options->propagate_unmatched_extensions;
        struct span rest, word;

        if (!order_rewrites(order))
                return false;
        if (list == NULL)
                return order_propagates(order);
        rest = span_of(list);
        while (word_next(&rest, &word))
                if (span_equal(word, span_of(order_name(order))))
                        return true;
        return false;
}

static void close_search(struct table *table)
{
        struct search *search = (struct search *)table;

        group_close(&search->group);
        db_common_close(search->rules);
        arena_fini(&search->arena);
        free(search);
}

static int copy_mydomains(struct search *search, const char *text)
{
        struct span rest = span_of(text != NULL ? text : ""), word;
        size_t count = word_count(rest);
        struct span *domains =
                arena_alloc(&search->arena, count * sizeof(*domains));

        if (domains == NULL)
                return -ENOMEM;
        for (size_t i = 0; word_next(&rest, &word); i++) {
                int r;

                word.data = arena_copy(&search->arena, word);
                if (word.data == NULL)
                        return -ENOMEM;
                r = casefold(word, &search->arena, &domains[i]);
                if (r < 0)
                        return r;
        }
        search->order_options.mydomains = domains;
        search->order_options.mydomain_count = count;
        return 0;
}

static int set_order(struct search *search, const struct map_options *options)
{
        struct order_options *order = &search->order_options;
        struct span delimiter = span_of(options->recipient_delimiter != NULL
                                                ? options->recipient_delimiter
                                                : "");
        int r = order_parse(
                span_of(order_names[options->search]), &search->order);

        if (r < 0)
                return r;
        search->propagates = propagates(options, search->order);
        order->parents = options->parents;
        order->address.owner_request_special = options->owner_request_special;
        delimiter.data = arena_copy(&search->arena, delimiter);
        if (delimiter.data == NULL)
                return -ENOMEM;
        order->address.recipient_delimiter = delimiter;
        return copy_mydomains(search, options->mydomains);
}

static bool has_rules(const struct map_options *options)
{
        return options->query != NULL || options->domain != NULL ||
               options->result_format != NULL || options->expansion_limit > 0;
}

static int set_rules(const struct table_env *env, struct search *search,
        const struct map_options *options, struct reason *ret_reason)
{
        const struct db_common_options rules = {
                .query = options->query,
                .result_format = options->result_format,
                .domain = options->domain,
                .expansion_limit = options->expansion_limit,
        };

        if (!has_rules(options))
                return 0;
        search->rules = db_common_open(env, &rules, ret_reason);
        return search->rules != NULL ? 0 : ret_reason->code;
}

static bool is_text(const struct map_options *options)
{
        return options->result_format == NULL ||
               utf8_is_valid(span_of(options->result_format));
}

/* What the members are, all of them are together. */
static int sum_up(struct search *search, const struct map_options *options)
{
        const struct table_file *files = NULL;
        size_t count = 0;
        int r;

        if (search->rules != NULL)
                files = db_common_files(search->rules, &count);
        r = group_sum_up(
                &search->group, files, count, &search->arena, &search->table);
        search->table.is_text &= is_text(options);
        return r;
}

/* Asked for whole keys only, where it makes keys of its own. */
static bool is_pattern(const struct search *search)
{
        return search->order != ORDER_EXACT ||
               search->group.members[0].table->is_pattern;
}

static int fill(const struct table_env *env, struct search *search,
        const struct map_options *options, struct reason *ret_reason)
{
        int r = set_order(search, options);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "map %s", options->name);
                return r;
        }
        r = group_open(&search->group, env, span_of(options->table),
                &search->arena, ret_reason);
        if (r == 0)
                r = set_rules(env, search, options, ret_reason);
        if (r < 0)
                return r;
        r = sum_up(search, options);
        if (r < 0)
                reason_set_errno(ret_reason, r, "map %s", options->name);
        search->table.is_pattern = is_pattern(search);
        return r;
}

/* Without rules around it a table can as well be asked directly. */
static bool is_plain(const struct search *search)
{
        return search->group.count == 1 && search->order == ORDER_EXACT &&
               search->rules == NULL;
}

struct table *search_open(const struct table_env *env,
        const struct map_options *options, struct reason *ret_reason)
{
        struct search *search = calloc(1, sizeof(*search));
        struct table *only;

        if (search == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "map %s", options->name);
                return NULL;
        }
        arena_init(&search->arena, NULL, 0, SIZE_MAX);
        search->table.type = &type_search;
        search->is_secret = options->secret;
        if (fill(env, search, options, ret_reason) < 0) {
                close_search(&search->table);
                return NULL;
        }
        if (!is_plain(search))
                return &search->table;
        only = search->group.members[0].table;
        search->group.count = 0;
        close_search(&search->table);
        return only;
}

/* Takes the next key and what the tables are asked for it. Returns 1, 0 at the
 * end, or a negative errno; the reason is set. */
static int next_key(struct walk *walk)
{
        const struct search *search = walk->search;
        struct lookup *asking = walk->asking;
        int r;

        do {
                r = candidates_next(&walk->candidates, &walk->candidate);
                if (r < 0)
                        lookup_failed(
                                asking, "keys to ask for: %s", strerror(-r));
                if (r <= 0)
                        return r;
                walk->key = walk->candidate.key;
                lookup_trace(asking, "key %.*s", (int)walk->key.size,
                        walk->key.data);
                if (search->rules == NULL)
                        return 1;
                r = db_common_query(search->rules, asking, &walk->key);
                if (r == 0)
                        lookup_trace(asking, "  is not asked for: domain, "
                                             "query or result_format");
        } while (r == 0);
        return r;
}

/* Moves on to the next table to ask for the key. Returns as next_key. */
static int next_member(struct walk *walk)
{
        const struct search *search = walk->search;

        for (;;) {
                int r;

                for (; walk->member < search->group.count; walk->member++)
                        if (walk->candidate.is_full ||
                                !search->group.members[walk->member]
                                         .table->is_pattern)
                                return 1;
                r = next_key(walk);
                if (r <= 0)
                        return r;
                walk->member = 0;
        }
}

/* Puts the value in its final form. Returns 0 or a negative errno. */
static int apply_result_rules(struct walk *walk)
{
        const struct search *search = walk->search;
        struct lookup *asking = walk->asking;
        struct span value = walk->lookup.value;
        int r = 0;

        if (search->rules != NULL)
                r = db_common_result(
                        search->rules, asking, walk->candidate.key, value);
        else
                lookup_found(asking, value);
        if (r < 0 || asking->answer != ANSWER_FOUND ||
                asking->value.size == 0 || !order_rewrites(search->order))
                return r;
        return propagate_result(&walk->candidate, search->propagates,
                asking->value, asking->arena, &asking->value);
}

static enum progress fail_result(struct lookup *lookup, int error)
{
        if (error == -EBADMSG)
                return lookup_failed(lookup, "no address in the value that "
                                             "the extension could go to");
        return lookup_failed(lookup, "value: %s", strerror(-error));
}

static void trace_answer(const struct walk *walk)
{
        const struct lookup *lookup = &walk->lookup;
        const char *spec = walk->search->group.members[walk->member].spec;

        if (lookup->trace == NULL && walk->asking->trace == NULL)
                return;
        if (lookup->answer == ANSWER_FOUND && walk->search->is_secret)
                lookup_trace(walk->asking, "  found (secret)");
        else if (lookup->answer == ANSWER_FOUND)
                lookup_trace(walk->asking, "  %.200s: found %.*s", spec,
                        (int)lookup->value.size, lookup->value.data);
        else if (lookup->answer == ANSWER_ABSENT)
                lookup_trace(walk->asking, "  %.200s: not found", spec);
        else
                lookup_trace(walk->asking, "  %.200s: failed: %s", spec,
                        lookup->reason.text);
}

/* A table has answered: whether that ends the walk, and then how. */
static bool is_settled(struct walk *walk)
{
        struct lookup *asking = walk->asking;
        int r;

        trace_answer(walk);
        switch (walk->lookup.answer) {
        case ANSWER_ABSENT:
                walk->member++;
                return false;
        case ANSWER_FOUND:
                r = apply_result_rules(walk);
                if (r < 0)
                        fail_result(asking, r);
                /* The rules may leave nothing of it. */
                walk->member += asking->answer == ANSWER_ABSENT;
                return asking->answer != ANSWER_ABSENT;
        case ANSWER_FAILED:
                lookup_failed(asking, "%s", walk->lookup.reason.text);
                return true;
        case ANSWER_NONE:
                break;
        }
        lookup_failed(asking, "the table did not answer");
        return true;
}

static enum progress go_on(struct walk *walk);

static void on_finished(struct lookup *lookup)
{
        struct walk *walk = lookup->owner;
        struct lookup *asking = walk->asking;

        if (is_settled(walk) || go_on(walk) == LOOKUP_DONE)
                asking->finish(asking);
}

static enum progress ask_member(struct walk *walk)
{
        struct lookup *asking = walk->asking, *lookup = &walk->lookup;

        lookup->key = walk->key;
        lookup->deadline = asking->deadline;
        lookup->arena = asking->arena;
        lookup->trace = walk->search->is_secret ? NULL : asking->trace;
        lookup->finish = asking->finish != NULL ? on_finished : NULL;
        lookup->owner = walk;
        lookup->answer = ANSWER_NONE;
        lookup->state = NULL;
        return table_start(
                walk->search->group.members[walk->member].table, lookup);
}

/* Asks table after table until one settles it, or is pending. */
static enum progress go_on(struct walk *walk)
{
        struct lookup *asking = walk->asking;
        int r;

        while ((r = next_member(walk)) > 0) {
                if (ask_member(walk) == LOOKUP_PENDING) {
                        asking->state = walk;
                        return LOOKUP_PENDING;
                }
                if (is_settled(walk))
                        return LOOKUP_DONE;
        }
        return r == 0 ? lookup_absent(asking) : LOOKUP_DONE;
}

static enum progress start_search(struct table *table, struct lookup *lookup)
{
        const struct search *search = (const struct search *)table;
        struct walk *walk = arena_alloc(lookup->arena, sizeof(*walk));

        if (walk == NULL)
                return lookup_failed(lookup, "out of memory");
        walk->search = search;
        walk->asking = lookup;
        walk->member = search->group.count;
        candidates_init(&walk->candidates, search->order,
                &search->order_options, lookup->key, lookup->arena);
        return go_on(walk);
}

static void cancel_search(struct table *table, struct lookup *lookup)
{
        struct walk *walk = lookup->state;

        (void)table;
        table_cancel(
                walk->search->group.members[walk->member].table, &walk->lookup);
}

static const struct table_type type_search = {
        .name = "search",
        .argument = "",
        .start = start_search,
        .cancel = cancel_search,
        .close = close_search,
};
