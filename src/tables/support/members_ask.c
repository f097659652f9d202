/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"
#include "tables/support/members.h"

static void tell(const struct members_walk *walk)
{
        const struct lookup *lookup = &walk->lookup;
        const char *type = walk->members->kind->type->name;
        const char *spec = walk->members->group.members[walk->asked - 1].spec;

        if (lookup->answer == ANSWER_FOUND)
                lookup_trace(walk->asking, "%s: member %s: found \"%.*s\"",
                        type, spec, (int)lookup->value.size,
                        lookup->value.data);
        else if (lookup->answer == ANSWER_ABSENT)
                lookup_trace(
                        walk->asking, "%s: member %s: not found", type, spec);
        else
                lookup_trace(walk->asking, "%s: member %s: failed: %s", type,
                        spec, lookup->reason.text);
}

/* As in Postfix, what is not UTF-8 is no value, wherever it is found. */
static bool take_value(struct members_walk *walk, const struct table *table)
{
        struct span value = walk->lookup.value;

        if (!table->is_text && !utf8_is_valid(value)) {
                lookup_failed(walk->asking,
                        "the value of a %s member is not UTF-8",
                        table->type->name);
                return false;
        }
        walk->values[walk->found++] = value;
        return true;
}

/* Returns whether to go on; otherwise the asker has its answer. */
static bool take_answer(struct members_walk *walk)
{
        if (walk->asking->trace != NULL)
                tell(walk);
        switch (walk->lookup.answer) {
        case ANSWER_FOUND:
                return take_value(walk,
                        walk->members->group.members[walk->asked - 1].table);
        case ANSWER_ABSENT:
                if (walk->members->kind->needs_all)
                        lookup_absent(walk->asking);
                return !walk->members->kind->needs_all;
        case ANSWER_FAILED:
                walk->asking->answer = ANSWER_FAILED;
                walk->asking->reason = walk->lookup.reason;
                return false;
        case ANSWER_NONE:
        default:
                lookup_failed(walk->asking, "a member did not answer");
                return false;
        }
}

/* A key that the whole has folded is not folded again: that takes memory. */
static enum progress ask(struct members_walk *walk, struct table *table)
{
        const struct members *members = walk->members;

        walk->lookup.key = members->kind->key(walk);
        walk->lookup.answer = ANSWER_NONE;
        if (members->table.folds &&
                walk->lookup.key.data == walk->asking->key.data)
                return table->type->start(table, &walk->lookup);
        return table_start(table, &walk->lookup);
}

/* Asks those who have not been asked yet. */
static enum progress go_on(struct members_walk *walk)
{
        const struct members *members = walk->members;

        while (walk->asked < members->group.count) {
                struct table *table =
                        members->group.members[walk->asked++].table;

                if (ask(walk, table) == LOOKUP_PENDING)
                        return LOOKUP_PENDING;
                if (!take_answer(walk))
                        return LOOKUP_DONE;
        }
        return members->kind->end(walk);
}

/* A member has answered later. */
static void come_back(struct lookup *lookup)
{
        struct members_walk *walk = lookup->owner;

        if (take_answer(walk) && go_on(walk) == LOOKUP_PENDING)
                return;
        walk->asking->finish(walk->asking);
}

enum progress members_start(struct table *table, struct lookup *lookup)
{
        const struct members *members = (const struct members *)table;
        struct members_walk *walk = arena_alloc(lookup->arena,
                sizeof(*walk) + members->group.count * sizeof(walk->values[0]));

        if (walk == NULL)
                return lookup_failed(lookup, "out of memory");
        *walk = (struct members_walk){
                .members = members,
                .asking = lookup,
                .lookup = *lookup,
        };
        walk->lookup.finish = lookup->finish != NULL ? come_back : NULL;
        walk->lookup.owner = walk;
        lookup->state = walk;
        return go_on(walk);
}

void members_cancel(struct table *table, struct lookup *lookup)
{
        struct members_walk *walk = lookup->state;

        (void)table;
        table_cancel(walk->members->group.members[walk->asked - 1].table,
                &walk->lookup);
}
