/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: lists of tables. Postfix asks every table of a list for a
 * key before it tries the next key, but a map of ours is asked once, and then
 * tries all keys: its "@domain" wins over the "user@domain" of another table.
 */
#include "cli/doctor.h"
#include "cli/doctor_tables.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "config/types.h"

#include <string.h>

static enum table_keys keys_of(
        const struct doctor *doctor, const struct use *use)
{
        if (use->ours == NULL)
                return tables_keys(doctor, use->table);
        if (use->ours->search == ORDER_EXACT &&
                tables_keys(doctor, use->ours->table) != TABLE_KEYS_ANY)
                return TABLE_KEYS_WHOLE;
        return tables_keys(doctor, use->ours->table);
}

static bool searches(const struct doctor *doctor, const struct use *use)
{
        return use->ours != NULL && use->ours->search != ORDER_EXACT &&
               keys_of(doctor, use) == TABLE_KEYS_ALL;
}

/* What finds a whole key comes too late only behind us. */
static bool suffers(
        const struct doctor *doctor, const struct use *use, bool is_behind)
{
        enum table_keys keys = keys_of(doctor, use);

        return keys == TABLE_KEYS_ALL ||
               (keys == TABLE_KEYS_WHOLE && is_behind);
}

/* Returns a table of the list that map loses keys of to ours, or NULL. */
static const struct use *find_victim(const struct doctor *doctor,
        const struct use *list, const struct use *mine)
{
        bool is_behind = false;

        for (; list != NULL; list = use_next_in_list(list)) {
                if (list == mine)
                        is_behind = true;
                else if (list->ours != mine->ours &&
                         suffers(doctor, list, is_behind))
                        return list;
        }
        return NULL;
}

/*
 * Returns all tables that socketmapd can serve, and what it can't. Our own are
 * among them whatever is said of them: who pastes the line is not to lose any.
 */
static const char *join(struct doctor *doctor, const struct use *list,
        const struct use *mine, struct reason *ret_unserved)
{
        const char *tables = "", *table;

        for (; list != NULL; list = use_next_in_list(list)) {
                table = tables_convert(doctor, list, ret_unserved);
                if (list->ours == mine->ours)
                        table = mine->ours->table;
                if (table == NULL)
                        continue;
                if (list->ours != NULL && tables_are_secret(list->ours))
                        table = "...";
                tables = text_format(&doctor->arena, "%s%s%s", tables,
                        *tables == '\0' ? "" : ", ", table);
        }
        return tables;
}

static void tell(struct doctor *doctor, const struct use *list,
        const struct use *mine, const struct use *victim)
{
        struct reason unserved = {.text = ""};
        const char *tables = join(doctor, list, mine, &unserved);

        doctor_find(doctor,
                doctor_fix_map(doctor, mine->ours->name, "table", tables),
                "%s: map %s has search = %s, so that its entries of a domain "
                "win over those of a user in %s: let it have all the tables, "
                "and let it stand there alone%s%s",
                mine->setting->name, mine->ours->name,
                order_names[mine->ours->search], victim->table,
                *unserved.text != '\0' ? "; but " : "", unserved.text);
}

/* Each list has one finding, at most. */
static void check_list(struct doctor *doctor, const struct use *list)
{
        const struct use *mine, *victim;

        if (list->parameter == NULL || list->parameter->kind != PARAMETER_MAPS)
                return;
        for (mine = list; mine != NULL; mine = use_next_in_list(mine)) {
                if (!searches(doctor, mine))
                        continue;
                victim = find_victim(doctor, list, mine);
                if (victim != NULL) {
                        tell(doctor, list, mine, victim);
                        return;
                }
        }
}

void doctor_check_lists(struct doctor *doctor)
{
        const struct use *previous = NULL;

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                if (use->inside)
                        continue;
                if (previous == NULL || use_next_in_list(previous) != use)
                        check_list(doctor, use);
                previous = use;
        }
}
