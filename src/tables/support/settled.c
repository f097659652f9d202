/* SPDX-License-Identifier: MIT */
#include "tables/support/settled.h"
#include <errno.h>

/* How often a file is read that changes meanwhile. */
#define READS_MAX 3

struct table *settled_open(const struct table_env *env, const char *file,
        struct table *(*read)(const struct table_env *env, const char *file,
                const struct file_state *state, struct reason *ret_reason),
        struct reason *ret_reason)
{
        struct file_state before, after;
        struct table *table;
        int error;

        for (int reads = 0; reads < READS_MAX; reads++) {
                error = file_state_get(file, &before);
                if (error < 0)
                        goto fail;
                table = read(env, file, &before, ret_reason);
                if (table == NULL)
                        return NULL;
                if (file_state_get(file, &after) == 0 &&
                        file_state_is_same(&before, &after))
                        return table;
                table_close(table);
        }
        reason_set(ret_reason, "%s: changes while it is read", file);
        ret_reason->code = -EAGAIN;
        return NULL;

fail:
        reason_set_errno(ret_reason, error, "%s", file);
        return NULL;
}
