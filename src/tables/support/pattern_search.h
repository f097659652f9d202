/* SPDX-License-Identifier: MIT */
/* One lookup in rules with patterns. */
#ifndef TABLES_SUPPORT_PATTERN_SEARCH_H
#define TABLES_SUPPORT_PATTERN_SEARCH_H

#include "tables/support/pattern_rule.h"

/*
 * Tries the rules in turn and sets the lookup's answer, with what the engine
 * began for this thread. in_thread: it may take until the deadline. Otherwise
 * it gives up after about a millisecond: it returns false, and sets nothing.
 */
bool pattern_search(const struct pattern_engine *engine,
        const struct rules *rules, void *matcher, struct lookup *lookup,
        bool in_thread);

#endif
