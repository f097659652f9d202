/* SPDX-License-Identifier: MIT */
#include "tables/lua/chunk.h"
#include "tables/lua/limits.h"
#include <lauxlib.h>

/* Bytes that are compiled between two looks at the limits. */
#define PIECE 256

/*
 * It must not leave from here, as Lua's compiler has memory of its own: when a
 * limit is exceeded the text is at its end.
 */
static const char *next_piece(lua_State *state, void *ctx, size_t *ret_size)
{
        struct span *rest = ctx;
        size_t size = rest->size < PIECE ? rest->size : PIECE;
        const char *piece = rest->data;

        if (size == 0 || !lua_limits_count(state, PIECE)) {
                *ret_size = 0;
                return NULL;
        }
        *rest = (struct span){piece + size, rest->size - size};
        *ret_size = size;
        return piece;
}

int lua_chunk_compile(
        lua_State *state, struct span text, const char *name, const char *mode)
{
        int status = lua_load(state, next_piece, &text, name, mode);

        lua_limits_enforce(state);
        return status;
}

/*
 * In protected mode: joins what the function at 1 returns until that is
 * nothing. Before it is compiled: the function runs on its own then.
 */
static int join_pieces(lua_State *state)
{
        luaL_Buffer text;
        size_t size;

        luaL_buffinit(state, &text);
        do {
                lua_pushvalue(state, 1);
                lua_call(state, 0, 1);
                if (lua_isnil(state, -1)) {
                        lua_pushliteral(state, "");
                        lua_replace(state, -2);
                } else if (!lua_isstring(state, -1)) {
                        luaL_error(
                                state, "reader function must return a string");
                }
                lua_tolstring(state, -1, &size);
                lua_limits_spend(state, 1 + size);
                luaL_addvalue(&text);
        } while (size > 0);
        luaL_pushresult(&text);
        return 1;
}

/* Puts the text in the place of the function that returns it. */
static int read_text(lua_State *state)
{
        int status;

        lua_pushcfunction(state, join_pieces);
        lua_pushvalue(state, 1);
        status = lua_pcall(state, 1, 1, 0);
        lua_limits_enforce(state);
        if (status == LUA_OK)
                lua_replace(state, 1);
        return status;
}

/* Gives the function on top its global variables, the fourth argument. */
static void set_globals(lua_State *state)
{
        lua_pushvalue(state, 4);
        if (lua_setupvalue(state, -2, 1) == NULL)
                lua_pop(state, 1);
}

int lua_chunk_load(lua_State *state, const char *mode)
{
        bool has_globals = !lua_isnone(state, 4);
        bool is_text = lua_isstring(state, 1) != 0;
        const char *name, *asked = luaL_optstring(state, 3, "bt");
        int status = LUA_OK;
        struct span text;

        if (!is_text)
                luaL_checktype(state, 1, LUA_TFUNCTION);
        name = luaL_optstring(
                state, 2, is_text ? lua_tostring(state, 1) : "=(load)");
        if (!is_text)
                status = read_text(state);
        if (status == LUA_OK) {
                text.data = lua_tolstring(state, 1, &text.size);
                status = lua_chunk_compile(
                        state, text, name, mode != NULL ? mode : asked);
        }
        if (status != LUA_OK) {
                luaL_pushfail(state);
                lua_insert(state, -2);
                return 2;
        }
        if (has_globals)
                set_globals(state);
        return 1;
}
