/* SPDX-License-Identifier: MIT */
/*
 * The libraries that a script has: those of Lua that touch nothing but its own
 * values, what the table's options allow besides, and changed where a script
 * could run on past its limits.
 */
#ifndef TABLES_LUA_BASE_H
#define TABLES_LUA_BASE_H

#include "tables/lua/source.h"
#include <lua.h>

/* Opens them. The source is the state's as long as it lives. */
void lua_base_open(lua_State *state, struct lua_source *source);

/*
 * Says whether a value is one that temp() has made. Then *ret_why is the
 * reason, which is pushed.
 */
bool lua_base_is_temp(lua_State *state, int index, const char **ret_why);

#endif
