/* SPDX-License-Identifier: MIT */
/*
 * Matching subjects with patterns of Lua. Some patterns take time that grows
 * with a power of the subject's size: each step counts, so that it ends at the
 * limits of the state.
 */
#ifndef TABLES_LUA_MATCH_H
#define TABLES_LUA_MATCH_H

#include "tables/lua/pattern.h"

struct lua_match {
        lua_State *state;
        const struct lua_pattern *pattern;
        const char *begin, *end; /* of the subject */
        unsigned steps;          /* not counted yet by the state */
        unsigned depth;
        struct {
                const char *at;
                size_t size;
        } captures[LUA_PATTERN_CAPTURES];
};

/* The pattern and the subject are the caller's. */
void lua_match_init(struct lua_match *match, lua_State *state,
        const struct lua_pattern *pattern, struct span subject);

/*
 * Says where a match ends that begins here; NULL: none does. The captures are
 * those of the last match that there was. Raises an error when a limit is
 * exceeded, or when the pattern goes too deep.
 */
const char *lua_match_at(struct lua_match *match, const char *at);

/*
 * Finds the first match from here on, where the pattern is not anchored.
 * Returns where it begins, or NULL.
 */
const char *lua_match_find(
        struct lua_match *match, const char *at, const char **ret_end);

/* Pushes a capture. */
void lua_match_push(const struct lua_match *match, int number);

/*
 * Pushes all captures and returns how many; if the pattern has none, the match
 * itself, from `at` to `end`, unless at is NULL.
 */
int lua_match_push_all(
        const struct lua_match *match, const char *at, const char *end);

#endif
