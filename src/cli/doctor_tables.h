/* SPDX-License-Identifier: MIT */
/* What is known of tables by their names: those of Postfix, and ours. */
#ifndef CLI_DOCTOR_TABLES_H
#define CLI_DOCTOR_TABLES_H

#include "base/report.h"

#include <stdbool.h>

struct config_map;
struct doctor;
struct use;

/* What a table makes of the keys of a search. */
enum table_keys {
        TABLE_KEYS_ANY,   /* finds, or fails for, whatever it is asked */
        TABLE_KEYS_WHOLE, /* asked for the whole key only: patterns */
        TABLE_KEYS_ALL    /* asked for all of them */
};

/* Returns what the most demanding table of a list does. */
enum table_keys tables_keys(const struct doctor *doctor, const char *list);

/*
 * Returns the table as our option `table` would have it: itself, without proxy:
 * before it; the text file that it was built of, if that alone is served; for a
 * socketmap of ours the tables of our map. NULL with the reason when socketmapd
 * can't serve it.
 */
const char *tables_convert(struct doctor *doctor, const struct use *use,
        struct reason *ret_reason);

/* Whether the tables of our map hold what nobody shall be shown. */
bool tables_are_secret(const struct config_map *map);

#endif
