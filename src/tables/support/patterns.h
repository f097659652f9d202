/* SPDX-License-Identifier: MIT */
/*
 * What the tables of regular expressions have in common: rules with patterns,
 * tried in order. A lookup that takes long goes to a thread, where it begins
 * again.
 */
#ifndef TABLES_SUPPORT_PATTERNS_H
#define TABLES_SUPPORT_PATTERNS_H

#include "tables/support/pattern_rule.h"

/* Makes a table of rules, for rules_open. */
struct table *patterns_read(const struct pattern_engine *engine,
        const struct table_env *env, const char *argument,
        const struct file_state *state, struct reason *ret_reason);

/* The members of a table type. */
enum progress patterns_start(struct table *table, struct lookup *lookup);
void patterns_cancel(struct table *table, struct lookup *lookup);
void patterns_close(struct table *table);

#endif
