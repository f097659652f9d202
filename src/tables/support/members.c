/* SPDX-License-Identifier: MIT */
#include "tables/support/members.h"
#include "base/braces.h"
#include <errno.h>
#include <stdlib.h>

/*
 * Deeper text is not looked at before it is opened, where the depth of tables
 * has its limit: neither must use up the stack.
 */
#define CHECKED_DEPTH_MAX 64

/* Finds what is inside of {...}: at least one word. */
static int strip(const char *type, const char *argument, struct span *ret_list,
        struct reason *ret_reason)
{
        struct span list, rest, word;

        if (braces_size(span_of(argument)) == strlen(argument) &&
                braces_strip(span_of(argument), &list, ret_reason) == 0) {
                rest = list;
                if (word_next(&rest, &word)) {
                        *ret_list = list;
                        return 0;
                }
        }
        reason_set(ret_reason, "expected %s:{TYPE:NAME, ...}, not \"%s:%s\"",
                type, type, argument);
        return -EINVAL;
}

static int refuse_braces(
        const char *type, struct span word, struct reason *ret_reason)
{
        if (word.data[0] != '{')
                return 0;
        reason_set(ret_reason,
                "%s: expected TYPE:NAME without {} around it, "
                "not \"%.*s\"",
                type, (int)word.size, word.data);
        return -EINVAL;
}

static int check_word(
        const char *type, struct span word, struct reason *ret_reason)
{
        int r = refuse_braces(type, word, ret_reason);
        char *spec;

        if (r < 0)
                return r;
        spec = strndup(word.data, word.size);
        if (spec == NULL)
                return 0; /* nothing is known to be wrong with it */
        r = table_check(spec, ret_reason);
        free(spec);
        return r;
}

static size_t depth_of(const char *text)
{
        size_t depth = 0, deepest = 0;

        for (; *text != '\0'; text++) {
                if (*text == '{' && ++depth > deepest)
                        deepest = depth;
                else if (*text == '}' && depth > 0)
                        depth--;
        }
        return deepest;
}

int members_check(const struct table_type *type, const char *argument,
        struct reason *ret_reason)
{
        struct span list, word;
        int r = strip(type->name, argument, &list, ret_reason);

        if (depth_of(argument) > CHECKED_DEPTH_MAX)
                return r;
        while (r == 0 && word_next(&list, &word))
                r = check_word(type->name, word, ret_reason);
        return r;
}

/* A list of tables may have braces around one of them, but not here. */
static int refuse_all_braces(
        const char *type, struct span list, struct reason *ret_reason)
{
        struct span word;
        int r = 0;

        while (r == 0 && word_next(&list, &word))
                r = refuse_braces(type, word, ret_reason);
        return r;
}

static int fill(const struct table_env *env, struct members *members,
        struct span list, struct reason *ret_reason)
{
        const char *type = members->kind->type->name;
        int r = refuse_all_braces(type, list, ret_reason);

        if (r == 0)
                r = group_open(&members->group, env, list, &members->arena,
                        ret_reason);
        if (r < 0)
                return r;
        r = group_sum_up(
                &members->group, NULL, 0, &members->arena, &members->table);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", type);
        members->table.is_pattern = members->group.members[0].table->is_pattern;
        return r;
}

struct table *members_open(const struct table_env *env,
        const struct members_kind *kind, const char *argument,
        struct reason *ret_reason)
{
        struct members *members;
        struct span list;

        if (strip(kind->type->name, argument, &list, ret_reason) < 0)
                return NULL;
        members = calloc(1, sizeof(*members));
        if (members == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", kind->type->name);
                return NULL;
        }
        members->table.type = kind->type;
        members->kind = kind;
        arena_init(&members->arena, NULL, 0, SIZE_MAX);
        if (fill(env, members, list, ret_reason) < 0) {
                members_close(&members->table);
                return NULL;
        }
        return &members->table;
}

void members_close(struct table *table)
{
        struct members *members = (struct members *)table;

        group_close(&members->group);
        arena_fini(&members->arena);
        free(members);
}
