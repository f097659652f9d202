/* SPDX-License-Identifier: MIT */
/*
 * Logical lines, as Postfix reads them (readllines): whole-line comments
 * vanish, also between continuations; a line that begins with white space
 * continues the one before, its leading blanks kept; blank lines don't end a
 * line; white space at the end goes, CR included. No limit on length. A NUL
 * ends what counts of a line, with a warning. Other bytes are not interpreted.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/report.h"
#include "base/span.h"

struct lines;

/*
 * Opens a file, as base/regular.h does, or reads `text` (borrowed) under the
 * name `file`. Returns NULL with the reason on failure.
 */
struct lines *lines_open(const char *file, struct reason *ret_reason);
struct lines *lines_open_text(
        const char *file, struct span text, struct reason *ret_reason);
void lines_close(struct lines *lines);

/*
 * Gets the next logical line, NUL-terminated, borrowed until the next call;
 * it may be changed in place. report (may be NULL) is warned of a
 * continuation without a beginning and of NUL bytes.
 * Returns 1, 0 at the end, or a negative errno with the reason.
 */
int lines_next(struct lines *lines, struct report *report, char **ret_text,
        size_t *ret_size, struct reason *ret_reason);

/*
 * Where byte `offset` of the current logical line stands in the file. The
 * name of the file is borrowed until lines_close.
 */
struct place lines_place(const struct lines *lines, size_t offset);

#endif
