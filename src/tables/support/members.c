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

static size_t count_words(struct span list)
{
        struct span word;
        size_t count = 0;

        while (word_next(&list, &word))
                count++;
        return count;
}

static int fail_memory(const struct members *members, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "%s", members->kind->type->name);
        return -ENOMEM;
}

static int open_member(const struct table_env *env, struct members *members,
        struct span word, struct reason *ret_reason)
{
        struct member *member = &members->list[members->count];
        int r = refuse_braces(members->kind->type->name, word, ret_reason);

        if (r < 0)
                return r;
        member->spec = arena_copy(&members->arena, word);
        if (member->spec == NULL)
                return fail_memory(members, ret_reason);
        member->table = table_open(env, member->spec, ret_reason);
        if (member->table == NULL)
                return ret_reason->code;
        members->count++;
        return 0;
}

static int open_members(const struct table_env *env, struct members *members,
        struct span list, struct reason *ret_reason)
{
        size_t count = count_words(list);
        struct span word;
        int r = 0;

        members->list =
                arena_alloc(&members->arena, count * sizeof(*members->list));
        if (members->list == NULL)
                return fail_memory(members, ret_reason);
        while (r == 0 && word_next(&list, &word))
                r = open_member(env, members, word, ret_reason);
        return r;
}

/* Has the files of all members in one array. */
static int join_files(struct members *members, struct reason *ret_reason)
{
        struct table *whole = &members->table;
        struct table_file *files;

        for (size_t i = 0; i < members->count; i++)
                whole->file_count += members->list[i].table->file_count;
        files = arena_alloc(
                &members->arena, whole->file_count * sizeof(*files));
        if (files == NULL)
                return fail_memory(members, ret_reason);
        whole->files = files;
        for (size_t i = 0; i < members->count; i++) {
                const struct table *table = members->list[i].table;

                for (size_t j = 0; j < table->file_count; j++)
                        *files++ = table->files[j];
        }
        return 0;
}

static void sum_up(struct members *members)
{
        struct table *whole = &members->table;

        whole->is_text = true;
        whole->is_pattern = members->list[0].table->is_pattern;
        for (size_t i = 0; i < members->count; i++) {
                const struct table *table = members->list[i].table;

                whole->pends |= table->pends;
                whole->is_text &= table->is_text;
                whole->is_in_place |= table->is_in_place;
                if (table->entries >= SIZE_MAX - whole->entries)
                        whole->entries = SIZE_MAX; /* not known */
                else
                        whole->entries += table->entries;
        }
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
        if (open_members(env, members, list, ret_reason) < 0 ||
                join_files(members, ret_reason) < 0) {
                members_close(&members->table);
                return NULL;
        }
        sum_up(members);
        return &members->table;
}

void members_close(struct table *table)
{
        struct members *members = (struct members *)table;

        for (size_t i = 0; i < members->count; i++)
                table_close(members->list[i].table);
        arena_fini(&members->arena);
        free(members);
}
