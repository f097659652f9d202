/* SPDX-License-Identifier: MIT */
#include "tables/support/exact.h"
#include "base/braces.h"
#include "base/casefold.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdlib.h>

struct exact {
        struct table table;
        struct dict dict;
        struct dict_batch batch;
        bool keeps_case;
        struct table_file file;
        char *file_name;
};

struct exact *exact_new(const struct table_env *env,
        const struct table_type *type, const struct duplicates *duplicates,
        struct reason *ret_reason)
{
        struct exact *exact = calloc(1, sizeof(*exact));
        int error = -ENOMEM;

        if (exact == NULL)
                goto fail;
        exact->table = (struct table){.type = type, .is_text = true};
        exact->keeps_case = env->fold == FOLD_NO;
        exact->batch = (struct dict_batch){.dict = &exact->dict,
                .duplicate = duplicates->winner,
                .tell = duplicates->tell,
                .ctx = duplicates->ctx};
        error = dict_init(&exact->dict);
        if (error < 0)
                goto fail;
        return exact;

fail:
        exact_free(exact);
        reason_set_errno(ret_reason, error, "%s", type->name);
        return NULL;
}

void exact_free(struct exact *exact)
{
        if (exact == NULL)
                return;
        dict_fini(&exact->dict);
        free(exact->file_name);
        free(exact);
}

void exact_close(struct table *table)
{
        exact_free((struct exact *)table);
}

int exact_set_file(
        struct exact *exact, const char *file, const struct file_state *state)
{
        exact->file_name = strdup(file);
        if (exact->file_name == NULL)
                return -ENOMEM;
        exact->file =
                (struct table_file){.name = exact->file_name, .state = *state};
        exact->table.files = &exact->file;
        exact->table.file_count = 1;
        return 0;
}

size_t exact_key_size(struct span entry, char separator)
{
        bool is_quoted = false;
        size_t i;

        for (i = 0; i < entry.size; i++) {
                char c = entry.data[i];

                if (c > '\\') /* most bytes of most keys mean nothing */
                        continue;
                if (c == '\\' && i + 1 < entry.size)
                        i++;
                else if (c == '"')
                        is_quoted = !is_quoted;
                else if (!is_quoted && (byte_is_space(c) || c == separator))
                        break;
        }
        return is_quoted ? SIZE_MAX : i;
}

int exact_add(
        struct exact *exact, struct span key, struct span value, size_t tag)
{
        char memory[1024];
        struct arena arena;
        int error = 0;

        if (exact->keeps_case && !utf8_is_valid(key))
                return -EILSEQ;
        arena_init(&arena, memory, sizeof(memory), SIZE_MAX);
        if (!exact->keeps_case)
                error = casefold(key, &arena, &key);
        if (error == 0)
                error = dict_batch_add(&exact->batch, key, value, tag);
        arena_fini(&arena);
        return error;
}

struct table *exact_finish(struct exact *exact)
{
        dict_batch_end(&exact->batch);
        exact->table.entries = exact->dict.count;
        return &exact->table;
}

enum progress exact_start(struct table *table, struct lookup *lookup)
{
        const struct exact *exact = (const struct exact *)table;
        struct span value;

        if (!dict_find(&exact->dict, lookup->key, &value))
                return lookup_absent(lookup);
        return lookup_found(lookup, value);
}
