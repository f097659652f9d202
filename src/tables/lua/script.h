/* SPDX-License-Identifier: MIT */
/*
 * A script of Lua that answers lookups, in a state of its own. For one thread
 * at a time.
 */
#ifndef TABLES_LUA_SCRIPT_H
#define TABLES_LUA_SCRIPT_H

#include "tables/lua/source.h"

struct lua_script;

/*
 * Makes one of a source, which outlives it; it is not run yet. Returns NULL
 * with the reason.
 */
struct lua_script *lua_script_new(
        struct lua_source *source, struct reason *ret_reason);

/* NULL does nothing. */
void lua_script_free(struct lua_script *script);

/*
 * Runs the script, until the deadline or for three seconds at most, so that it
 * is ready to answer.
 * Returns 0, or a negative errno with the reason: -EBADMSG for what is wrong in
 * the script. Does nothing when it is ready.
 */
int lua_script_begin(struct lua_script *script, uint64_t deadline,
        struct reason *ret_reason);

/*
 * Answers a lookup; begins when it has to: for the first one, and after a
 * limit was exceeded.
 */
void lua_script_ask(struct lua_script *script, struct lookup *lookup);

#endif
