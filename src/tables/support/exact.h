/* SPDX-License-Identifier: MIT */
/*
 * What the tables that keep all their entries in memory have in common: keys
 * compared by Unicode case folding, and answers at once.
 */
#ifndef TABLES_SUPPORT_EXACT_H
#define TABLES_SUPPORT_EXACT_H

#include "tables/support/dict.h"
#include "tables/table.h"

/*
 * Makes an empty table, whose keys are folded unless env->fold is FOLD_NO.
 * Returns NULL with the reason.
 */
struct table *exact_new(const struct table_env *env,
        const struct table_type *type, struct reason *ret_reason);

/*
 * Says which file its entries were read from, and how that was before. Copies
 * the name; once a table. Returns 0 or -ENOMEM.
 */
int exact_set_file(
        struct table *table, const char *file, const struct file_state *state);

/*
 * Returns the size of the key that an entry begins with: it ends at white
 * space or the separator, but not inside of quotes; a backslash protects the
 * next byte. Quotes and backslashes are part of the key. SIZE_MAX when a quote
 * is missing.
 */
size_t exact_key_size(struct span entry, char separator);

/*
 * Adds a copy of key and value. The value has to be UTF-8 without NUL.
 * Returns as dict_add does, and -EILSEQ when the key is not UTF-8.
 */
int exact_add(struct table *table, struct span key, struct span value,
        enum dict_duplicate duplicate);

/* The members of a table type. */
enum progress exact_start(struct table *table, struct lookup *lookup);
void exact_close(struct table *table);

#endif
