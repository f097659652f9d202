/* SPDX-License-Identifier: MIT */
/*
 * How much memory, work and time a state of Lua may take. Whoever exceeds a
 * limit is ended by an error that scripts cannot catch (lua_guard sees to it):
 * the state is then of no use any more, as it may have been in the middle of
 * anything.
 *
 * Work is counted in steps: instructions of Lua, and in functions of C that
 * may run long what comes near to them.
 */
#ifndef TABLES_SUPPORT_LUA_LIMITS_H
#define TABLES_SUPPORT_LUA_LIMITS_H

#include "base/report.h"
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum lua_excess { LUA_WITHIN, LUA_MEMORY, LUA_STEPS, LUA_TIME };

struct lua_limits {
        size_t memory_limit;
        size_t memory; /* that the state has */
        bool is_refusing;
        uint64_t steps_limit;
        uint64_t steps;    /* since lua_limits_begin */
        uint64_t deadline; /* as in struct lookup */
        enum lua_excess excess;
        char place[80]; /* where in the script it was: "FILE:LINE" or empty */
};

/*
 * Makes a state within these limits, which outlive it. memory_limit is set by
 * the caller. Returns NULL when there is no memory.
 */
lua_State *lua_limits_new_state(struct lua_limits *limits);

/* Begins what may take so many steps, and so long. UINT64_MAX: any number. */
void lua_limits_begin(
        struct lua_limits *limits, uint64_t steps, uint64_t deadline);

/* Those that the state of a running function has. */
struct lua_limits *lua_limits_of(lua_State *state);

/* Counts steps. Raises an error when a limit is exceeded now, or was before. */
void lua_limits_spend(lua_State *state, uint64_t steps);

/* Raises the error again if one was exceeded. */
void lua_limits_enforce(lua_State *state);

/* Says which one was exceeded by the script of a file. */
void lua_limits_explain(const struct lua_limits *limits, const char *file,
        struct reason *ret_reason);

#endif
