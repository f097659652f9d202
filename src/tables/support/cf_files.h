/* SPDX-License-Identifier: MIT */
/* What a table with a FILE.cf is read from. */
#ifndef TABLES_SUPPORT_CF_FILES_H
#define TABLES_SUPPORT_CF_FILES_H

#include "base/arena.h"
#include "base/cf.h"
#include "tables/table.h"

/*
 * Lists a table's files: the FILE.cf, as it was before it was read, and `more`;
 * in the arena. Returns 0 or -ENOMEM.
 */
int cf_files_note(const char *file, const struct file_state *state,
        const struct table_file *more, size_t count, struct arena *arena,
        const struct table_file **ret_files, size_t *ret_count);

enum cf_file { CF_FILE_TEXT, CF_FILE_PEM, CF_FILE_DIRECTORY };

/*
 * Warns of what an option names for a library to read later on, if that can't
 * be read now. name: NULL or empty is nothing.
 */
void cf_files_look(const struct cf *cf, const char *option, const char *name,
        enum cf_file kind);

#endif
