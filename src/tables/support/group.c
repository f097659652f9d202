/* SPDX-License-Identifier: MIT */
#include "tables/support/group.h"
#include "base/braces.h"
#include <errno.h>
#include <stdint.h>

static int open_member(struct group *group, const struct table_env *env,
        struct span word, struct arena *arena, struct reason *ret_reason)
{
        struct member *member = &group->members[group->count];

        member->spec = arena_copy(arena, word);
        if (member->spec == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "table");
                return -ENOMEM;
        }
        member->table = table_open(env, member->spec, ret_reason);
        if (member->table == NULL)
                return ret_reason->code;
        group->count++;
        return 0;
}

int group_open(struct group *group, const struct table_env *env,
        struct span list, struct arena *arena, struct reason *ret_reason)
{
        size_t count = word_count(list);
        struct span word;
        int r = 0;

        if (count == 0) {
                reason_set(ret_reason, "expected TYPE:NAME");
                return -EINVAL;
        }
        group->members = arena_alloc(arena, count * sizeof(*group->members));
        if (group->members == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "table");
                return -ENOMEM;
        }
        while (r == 0 && word_next(&list, &word))
                r = open_member(group, env, word, arena, ret_reason);
        return r;
}

void group_close(struct group *group)
{
        for (size_t i = 0; i < group->count; i++)
                table_close(group->members[i].table);
        group->count = 0;
}

static struct table_file *add_files(
        struct table_file *to, const struct table_file *files, size_t count)
{
        for (size_t i = 0; i < count; i++)
                *to++ = files[i];
        return to;
}

static int gather_files(const struct group *group,
        const struct table_file *more, size_t more_count, struct arena *arena,
        struct table *whole)
{
        size_t count = more_count;
        struct table_file *files;

        for (size_t i = 0; i < group->count; i++)
                count += group->members[i].table->file_count;
        files = arena_alloc(arena, count * sizeof(*files));
        if (files == NULL)
                return -ENOMEM;
        whole->files = files;
        whole->file_count = count;
        for (size_t i = 0; i < group->count; i++)
                files = add_files(files, group->members[i].table->files,
                        group->members[i].table->file_count);
        add_files(files, more, more_count);
        return 0;
}

int group_sum_up(const struct group *group, const struct table_file *more,
        size_t more_count, struct arena *arena, struct table *whole)
{
        whole->is_text = true;
        for (size_t i = 0; i < group->count; i++) {
                const struct table *table = group->members[i].table;

                whole->pends |= table->pends;
                whole->is_text &= table->is_text;
                whole->is_in_place |= table->is_in_place;
                if (table->entries >= SIZE_MAX - whole->entries)
                        whole->entries = SIZE_MAX; /* not known */
                else
                        whole->entries += table->entries;
        }
        return gather_files(group, more, more_count, arena, whole);
}
