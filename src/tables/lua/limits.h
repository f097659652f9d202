/* SPDX-License-Identifier: MIT */
/*
 * How much memory, work and time a state of Lua may take. Whoever exceeds a
 * limit is left where it is: nothing of the script runs any more, neither what
 * would catch an error nor what closes variables, as that could go on and on.
 * The state is then of no use but to be closed.
 *
 * Work is counted in steps: instructions of Lua, and in functions of C that
 * may run long what comes near to them.
 */
#ifndef TABLES_LUA_LIMITS_H
#define TABLES_LUA_LIMITS_H

#include "base/events.h"
#include "base/report.h"
#include <lua.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

enum lua_excess { LUA_WITHIN, LUA_MEMORY, LUA_STEPS, LUA_TIME };

struct lua_limits {
        size_t memory_limit;
        size_t memory; /* that the state has */
        bool is_refusing;
        uint64_t steps_limit;
        uint64_t steps;        /* since lua_limits_begin */
        uint64_t unseen;       /* ... and since the last look at the clock */
        uint64_t deadline;     /* as in struct lookup */
        struct events *events; /* for whom it is; NULL: for nobody */
        enum lua_excess excess;
        char place[80]; /* where in the script it was: "FILE:LINE" or empty */
        bool is_running;
        jmp_buf back; /* to lua_limits_call, while it runs */
};

/*
 * Makes a state within these limits, which outlive it. memory_limit and events
 * are set by the caller. It is not the main thread, which has no variables to
 * close: lua_close runs nothing of a script. Returns NULL when there is no
 * memory.
 */
lua_State *lua_limits_new_state(struct lua_limits *limits);

/* Begins what may take so many steps, and so long. UINT64_MAX: any number. */
void lua_limits_begin(
        struct lua_limits *limits, uint64_t steps, uint64_t deadline);

/*
 * Calls a function in protected mode, with ctx as light userdata. Returns the
 * status of Lua, with an error on top of the stack; once a limit is exceeded,
 * any.
 */
int lua_limits_call(lua_State *state, lua_CFunction function, void *ctx);

/* Counts steps. Does not return when a limit is exceeded, now or before. */
void lua_limits_spend(lua_State *state, uint64_t steps);

/* Likewise, but returns false: where it would leave what Lua has to free. */
bool lua_limits_count(lua_State *state, uint64_t steps);

/* Does not return when a limit was exceeded. */
void lua_limits_enforce(lua_State *state);

/* Says which one was exceeded by the script of a file. */
void lua_limits_explain(const struct lua_limits *limits, const char *file,
        struct reason *ret_reason);

/*
 * Puts a function in the place of that of the same name in the library on top
 * of the stack.
 */
void lua_limits_cover(
        lua_State *state, const char *name, lua_CFunction function);

/*
 * Does what the function did that the running one is in the place of: as the
 * running one, so that errors tell its name and line.
 */
int lua_limits_covered(lua_State *state);

#endif
