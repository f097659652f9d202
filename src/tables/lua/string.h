/* SPDX-License-Identifier: MIT */
/*
 * Functions of Lua's libraries string and utf8 that run in C for as long as a
 * key may make them: they keep to the limits of the state, and do the same
 * otherwise.
 */
#ifndef TABLES_LUA_STRING_H
#define TABLES_LUA_STRING_H

#include <lua.h>

/* Puts them in place of those of the libraries, which are open. */
void lua_string_open(lua_State *state);

#endif
