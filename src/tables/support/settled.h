/* SPDX-License-Identifier: MIT */
/* Reading text files that somebody may be writing. */
#ifndef TABLES_SUPPORT_SETTLED_H
#define TABLES_SUPPORT_SETTLED_H

#include "tables/table.h"

/*
 * Has a table made of a file by `read`, which is told the file's state just
 * before; and has it made again when the file has changed meanwhile: half a
 * file would make users unknown. Both return NULL with the reason; it is
 * -EAGAIN if the file never stood still.
 */
struct table *settled_open(const struct table_env *env, const char *file,
        struct table *(*read)(const struct table_env *env, const char *file,
                const struct file_state *state, struct reason *ret_reason),
        struct reason *ret_reason);

#endif
