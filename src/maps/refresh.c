/* SPDX-License-Identifier: MIT */
#include "maps/refresh.h"
#include <errno.h>
#include <stdlib.h>

static bool is_refused(const struct refused *refused, size_t place,
        const struct file_state *state)
{
        return place < refused->count &&
               file_state_is_same(&refused->states[place], state);
}

/*
 * Looks at the files of open content. Returns REFRESH_NEW when it is worth
 * reading them.
 *
 * A file that was hot when it was read may have changed since without a sign of
 * it: it is read once more when it is not.
 */
static enum refresh_result look(struct refresh *refresh)
{
        const struct table *table = refresh->former->table;
        bool is_changed = false, was_hot = false, is_known = true;

        for (size_t i = 0; i < table->file_count; i++) {
                const struct table_file *file = &table->files[i];
                struct file_state now;
                int r = file_state_get(file->name, &now);

                if (r < 0) {
                        reason_set_errno(&refresh->reason, r, "%s", file->name);
                        return REFRESH_FAILED;
                }
                was_hot = was_hot || file->state.is_hot;
                if (!file_state_is_same(&file->state, &now))
                        is_changed = true;
                if ((is_changed || was_hot) && now.is_hot)
                        return REFRESH_HOT;
                if (!is_refused(refresh->refused, i, &now))
                        is_known = false;
        }
        refresh->is_repeat = was_hot && !is_changed;
        if (refresh->is_repeat || (is_changed && !is_known))
                return REFRESH_NEW;
        return REFRESH_SAME;
}

/* Whether more than shrink_limit of the entries would go. */
static bool is_much_less(const struct refresh *refresh)
{
        const struct table *former = refresh->former->table;
        const struct table *table = refresh->content->table;
        unsigned limit = map_get_options(refresh->map)->shrink_limit;

        if (former == NULL || former->entries == SIZE_MAX ||
                table->entries == SIZE_MAX || table->entries >= former->entries)
                return false;
        /* In floating point: nothing overflows. */
        return (double)(former->entries - table->entries) * 100 >
               (double)former->entries * limit;
}

/*
 * A big table that has lost much was rarely meant to. Of one that was rewritten
 * in place, the former content is gone already.
 */
static enum refresh_result judge(struct refresh *refresh, struct report *report)
{
        const struct table *table = refresh->content->table;

        if (!is_much_less(refresh))
                return REFRESH_NEW;
        reason_set(&refresh->reason,
                "%zu entries in place of %zu: more than shrink_limit = %u%% "
                "would go",
                table->entries, refresh->former->table->entries,
                map_get_options(refresh->map)->shrink_limit);
        if (!table->is_in_place)
                return REFRESH_SHRUNK;
        report_at(report, SEVERITY_WARNING, NULL,
                "map %s: %s, but its file was rewritten in place",
                map_get_options(refresh->map)->name, refresh->reason.text);
        return REFRESH_NEW;
}

static enum refresh_result open_again(
        struct refresh *refresh, struct report *report)
{
        refresh->content = map_open_content(refresh->map, report);
        if (refresh->content == NULL) {
                reason_set_errno(&refresh->reason, -ENOMEM, "map %s",
                        map_get_options(refresh->map)->name);
                return REFRESH_FAILED;
        }
        if (refresh->content->table == NULL) {
                refresh->reason = refresh->content->reason;
                return REFRESH_FAILED;
        }
        if (content_is_hot(refresh->content))
                return REFRESH_HOT;
        return judge(refresh, report);
}

void refresh_run(struct refresh *refresh, struct report *report)
{
        refresh->result = REFRESH_NEW;
        if (refresh->former->table != NULL)
                refresh->result = look(refresh);
        if (refresh->result == REFRESH_NEW)
                refresh->result = open_again(refresh, report);
}

void refresh_fini(struct refresh *refresh)
{
        content_unref(refresh->former);
        content_unref(refresh->content);
        *refresh = (struct refresh){0};
}

int refused_set(struct refused *refused, const struct content *content)
{
        const struct table *table = content->table;
        struct file_state *states = calloc(table->file_count, sizeof(*states));

        if (states == NULL && table->file_count > 0)
                return -ENOMEM;
        for (size_t i = 0; i < table->file_count; i++)
                states[i] = table->files[i].state;
        refused_fini(refused);
        *refused = (struct refused){states, table->file_count};
        return 0;
}

void refused_fini(struct refused *refused)
{
        free(refused->states);
        *refused = (struct refused){0};
}
