/* SPDX-License-Identifier: MIT */
#include "maps/content.h"
#include "base/braces.h"
#include <errno.h>
#include <stdlib.h>

/* Copies the one word of a specification: the caller frees it. */
static char *copy_word(const char *spec, struct reason *ret_reason)
{
        struct span rest = span_of(spec), word, more;
        char *copy;

        if (!word_next(&rest, &word)) {
                reason_set(ret_reason, "expected TYPE:NAME");
                return NULL;
        }
        if (word_next(&rest, &more)) {
                reason_set(ret_reason,
                        "\"%.*s\" after \"%.*s\": more than one table, or a "
                        "text with blanks or commas that needs {} around it",
                        (int)more.size, more.data, (int)word.size, word.data);
                return NULL;
        }
        copy = strndup(word.data, word.size);
        if (copy == NULL)
                reason_set_errno(ret_reason, -ENOMEM, "table");
        return copy;
}

static int find_canary(
        struct table *table, const char *canary, struct reason *ret_reason)
{
        max_align_t memory[256];
        struct arena arena;
        struct lookup lookup = {
                .key = span_of(canary),
                .deadline = UINT64_MAX,
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

static struct table *open_word(const struct table_env *env, const char *spec,
        const char *canary, struct reason *ret_reason)
{
        char *word = copy_word(spec, ret_reason);
        struct table *table;

        if (word == NULL)
                return NULL;
        table = table_open(env, word, ret_reason);
        free(word);
        if (table != NULL && canary != NULL &&
                find_canary(table, canary, ret_reason) < 0) {
                table_close(table);
                return NULL;
        }
        return table;
}

struct content *content_open(
        const struct table_env *env, const char *spec, const char *canary)
{
        struct content *content = calloc(1, sizeof(*content));

        if (content == NULL)
                return NULL;
        atomic_init(&content->references, 1);
        content->table = open_word(env, spec, canary, &content->reason);
        return content;
}

struct content *content_ref(struct content *content)
{
        atomic_fetch_add(&content->references, 1);
        return content;
}

void content_unref(struct content *content)
{
        if (content == NULL || atomic_fetch_sub(&content->references, 1) != 1)
                return;
        table_close(content->table);
        free(content);
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
