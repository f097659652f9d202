/* SPDX-License-Identifier: MIT */
/* What the function lookup of a script returns, as the answer to a lookup. */
#ifndef TABLES_LUA_ANSWER_H
#define TABLES_LUA_ANSWER_H

#include "tables/table.h"
#include <lua.h>

struct lua_question {
        struct lookup *lookup;
        const char *file; /* of the script, for messages */
        const char *map;  /* NULL: unknown */
};

/* Keeps the function on top of the stack as the one that is asked; pops it. */
void lua_answer_keep(lua_State *state);

/*
 * Asks it. For lua_pcall, with a struct lua_question as light userdata: sets
 * the lookup's answer, or raises an error.
 */
int lua_answer_ask(lua_State *state);

/* Says what the error on top of the stack is, in a script of this file. */
void lua_answer_explain(
        lua_State *state, const char *file, struct reason *ret_reason);

#endif
