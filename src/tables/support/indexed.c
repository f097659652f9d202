/* SPDX-License-Identifier: MIT */
#include "tables/support/indexed.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A source that was just written is about to be indexed: Postfix's number. */
#define EDITING_SECONDS 100

static void warn_if_old(const struct indexed *indexed,
        const struct table_env *env, const char *source)
{
        struct file_state state;

        if (file_state_get(source, &state) < 0 ||
                state.changed.tv_sec <= indexed->file.state.changed.tv_sec ||
                state.changed.tv_sec >= time(NULL) - EDITING_SECONDS)
                return;
        report_at(env->report, SEVERITY_WARNING, NULL,
                "%s is older than its source %s", indexed->path, source);
}

int indexed_open(struct indexed *indexed, struct table *table,
        const struct table_env *env, const char *name, const char *suffix,
        struct reason *ret_reason)
{
        int error = -ENOMEM;

        indexed->fd = -1;
        if (asprintf(&indexed->path, "%s.%s", name, suffix) < 0) {
                indexed->path = NULL;
                goto fail;
        }
        /* Before anything is read: a change after it is noticed. */
        error = file_state_get(indexed->path, &indexed->file.state);
        if (error < 0)
                goto fail;
        indexed->fd = open(indexed->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        error = -errno;
        if (indexed->fd < 0)
                goto fail;
        indexed->file.name = indexed->path;
        table->files = &indexed->file;
        table->file_count = 1;
        warn_if_old(indexed, env, name);
        return 0;

fail:
        reason_set_errno(ret_reason, error, "%s.%s", name, suffix);
        return error;
}

void indexed_close_file(struct indexed *indexed)
{
        if (indexed->fd >= 0)
                close(indexed->fd);
        indexed->fd = -1;
}

void indexed_close(struct indexed *indexed)
{
        indexed_close_file(indexed);
        free(indexed->path);
        indexed->path = NULL;
}
