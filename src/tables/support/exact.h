/* SPDX-License-Identifier: MIT */
/*
 * What the tables that keep all their entries in memory have in common: keys
 * compared by Unicode case folding, and answers at once.
 */
#ifndef TABLES_SUPPORT_EXACT_H
#define TABLES_SUPPORT_EXACT_H

#include "tables/support/dict.h"
#include "tables/table.h"

/* A table that is being filled. */
struct exact;

/* What becomes of a key that is added twice, and who is told. */
struct duplicates {
        enum dict_duplicate winner;
        /* Told of each, maybe not at once: the folded key and its tag. */
        void (*tell)(void *ctx, struct span key, size_t tag);
        void *ctx;
};

/*
 * Begins an empty table, whose keys are folded unless env->fold is FOLD_NO.
 * Copies `duplicates`. Returns NULL with the reason.
 */
struct exact *exact_new(const struct table_env *env,
        const struct table_type *type, const struct duplicates *duplicates,
        struct reason *ret_reason);

/* Ends a table that was not finished. NULL does nothing. */
void exact_free(struct exact *exact);

/*
 * Says which file its entries were read from, and how that was before. Copies
 * the name; once a table. Returns 0 or -ENOMEM.
 */
int exact_set_file(
        struct exact *exact, const char *file, const struct file_state *state);

/*
 * Returns the size of the key that an entry begins with: it ends at white
 * space or the separator, a byte below a backslash, but not inside of quotes; a
 * backslash protects the next byte. Quotes and backslashes are part of the key.
 * SIZE_MAX when a quote is missing.
 */
size_t exact_key_size(struct span entry, char separator);

/*
 * Adds a copy of key and value. The value has to be UTF-8 without NUL. tag:
 * for who is told of duplicates. Returns 0, -EILSEQ when the key is not UTF-8,
 * or -ENOMEM, as dict_add does.
 */
int exact_add(
        struct exact *exact, struct span key, struct span value, size_t tag);

/* Returns the table, which is full from now on; exact_close closes it. */
struct table *exact_finish(struct exact *exact);

/* The members of a table type. */
enum progress exact_start(struct table *table, struct lookup *lookup);
void exact_close(struct table *table);

#endif
