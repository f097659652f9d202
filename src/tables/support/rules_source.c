/* SPDX-License-Identifier: MIT */
#include "base/braces.h"
#include "tables/support/path.h"
#include "tables/support/rules.h"
#include "tables/support/settled.h"
#include <errno.h>
#include <stdlib.h>

int rules_unfold(const char *type, const char *argument, char **ret_text,
        size_t *ret_size, struct reason *ret_reason)
{
        struct span rest, word;
        char *text = malloc(strlen(argument) + 1), *end = text;
        int error = -ENOMEM;

        if (text == NULL) {
                reason_set_errno(ret_reason, error, "%s", type);
                return error;
        }
        error = braces_strip(span_of(argument), &rest, ret_reason);
        while (error == 0 && word_next(&rest, &word)) {
                error = braces_strip(word, &word, ret_reason);
                if (error < 0)
                        break;
                memcpy(end, word.data, word.size);
                end += word.size;
                *end++ = '\n';
        }
        if (error < 0) {
                free(text);
                return error;
        }
        *ret_text = text;
        *ret_size = (size_t)(end - text);
        return 0;
}

int rules_check(
        const char *type, const char *argument, struct reason *ret_reason)
{
        char *text;
        size_t size;

        if (argument[0] != '{')
                return path_check(type, argument, ret_reason);
        if (rules_unfold(type, argument, &text, &size, ret_reason) < 0)
                return ret_reason->code == -EINVAL ? -EINVAL : 0;
        free(text);
        return 0;
}

struct table *rules_open(const struct table_env *env, const char *argument,
        struct table *(*read)(const struct table_env *env, const char *argument,
                const struct file_state *state, struct reason *ret_reason),
        struct reason *ret_reason)
{
        if (argument[0] == '{')
                return read(env, argument, NULL, ret_reason);
        return settled_open(env, argument, read, ret_reason);
}

void rules_set_file(const struct rules *rules, const struct file_state *state,
        struct table *table, struct table_file *file)
{
        if (state == NULL)
                return;
        *file = (struct table_file){rules->name, *state};
        table->files = file;
        table->file_count = 1;
}
