/* SPDX-License-Identifier: MIT */
/* Several tables that make one: opening a list of them, and what they are
 * together. */
#ifndef TABLES_SUPPORT_GROUP_H
#define TABLES_SUPPORT_GROUP_H

#include "tables/table.h"

struct member {
        struct table *table;
        const char *spec; /* as it is written, for whoever asks for steps */
};

/* A zeroed one has no members. */
struct group {
        struct member *members; /* in an arena of the opener's */
        size_t count;
};

/*
 * Opens each table of a list as `postconf -hx` prints it. Returns 0, or a
 * negative errno with the reason, code as in table_open; group_close in either
 * case.
 */
int group_open(struct group *group, const struct table_env *env,
        struct span list, struct arena *arena, struct reason *ret_reason);
void group_close(struct group *group);

/*
 * Makes one table what its members are together: pending or rewritten in place
 * if one is, text if all are; with their files and `more`, in the arena, and
 * their entries. Returns 0 or -ENOMEM.
 */
int group_sum_up(const struct group *group, const struct table_file *more,
        size_t more_count, struct arena *arena, struct table *whole);

#endif
