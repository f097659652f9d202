/* SPDX-License-Identifier: MIT */
/*
 * Compiling text in Lua. Some texts take time that grows with the square of
 * their size: it ends at the limits of the state.
 */
#ifndef TABLES_LUA_CHUNK_H
#define TABLES_LUA_CHUNK_H

#include "base/span.h"
#include <lua.h>

/*
 * Pushes the function that a text is, or what is wrong with it, and returns the
 * status of Lua. mode: "t" for text, "b" for bytecode, or "bt" for either.
 */
int lua_chunk_compile(
        lua_State *state, struct span text, const char *name, const char *mode);

/*
 * load of Lua, for arguments at 1 to 4 of a running function; of the mode that
 * they say only what `mode` allows, if that is not NULL.
 */
int lua_chunk_load(lua_State *state, const char *mode);

#endif
