/* SPDX-License-Identifier: MIT */
/*
 * Functions of Lua's library table that run in C for as long as the length of a
 * table says, which needs no room to be large: they keep to the limits of the
 * state, and do the same otherwise.
 */
#ifndef TABLES_LUA_TABLE_H
#define TABLES_LUA_TABLE_H

#include <lua.h>

/* Puts them in place of those of the library, which is open. */
void lua_table_open(lua_State *state);

#endif
