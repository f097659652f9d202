/* SPDX-License-Identifier: MIT */
#include "tables/lua/answer.h"
#include "tables/lua/base.h"
#include <errno.h>
#include <lauxlib.h>

/* Its address is the name of the function in the registry. */
static const char kept;

void lua_answer_keep(lua_State *state)
{
        lua_rawsetp(state, LUA_REGISTRYINDEX, &kept);
}

static void set_value(lua_State *state, struct lookup *lookup, int index)
{
        struct span text;

        text.data = lua_tolstring(state, index, &text.size);
        text.data = arena_copy(lookup->arena, text);
        if (text.data == NULL)
                lookup_failed(lookup, "out of memory for the value");
        else
                lookup_found(lookup, text);
}

static bool is_text(int type)
{
        return type == LUA_TSTRING || type == LUA_TNUMBER;
}

/*
 * A table that is no list has something, but nothing at 1; or something behind
 * a hole, where Lua may take what stands before that for all of it. Names, such
 * as the n of table.pack, are nothing of a list.
 */
static bool is_list(lua_State *state, int index, lua_Integer count)
{
        lua_pushnil(state);
        while (lua_next(state, index) != 0) {
                lua_Integer key = lua_tointeger(state, -2);
                bool is_inside = key >= 1 && key <= count;

                lua_pop(state, 1);
                if (is_inside || (count > 0 && !lua_isinteger(state, -1)))
                        continue;
                lua_pop(state, 1);
                return false;
        }
        return true;
}

/* Joins a list by commas. */
static void set_list(
        lua_State *state, const struct lua_question *question, int index)
{
        lua_Integer count = (lua_Integer)lua_rawlen(state, index);
        luaL_Buffer value;

        if (!is_list(state, index, count))
                luaL_error(state, "%s: lookup returned a table that is no list",
                        question->file);
        luaL_buffinit(state, &value);
        for (lua_Integer i = 1; i <= count; i++) {
                int type = lua_rawgeti(state, index, i);

                if (!is_text(type))
                        luaL_error(state,
                                "%s: lookup returned a list with a %s in it",
                                question->file, lua_typename(state, type));
                luaL_addvalue(&value);
                if (i < count)
                        luaL_addchar(&value, ',');
        }
        luaL_pushresult(&value);
        set_value(state, question->lookup, -1);
}

/*
 * Nothing is "not found"; but nothing and a message is what functions of Lua
 * return when they fail.
 */
static void set_nothing(lua_State *state, struct lookup *lookup, int index)
{
        if (lua_isnil(state, index + 1))
                lookup_absent(lookup);
        else
                lookup_failed(
                        lookup, "%s", luaL_tolstring(state, index + 1, NULL));
}

/* The values are at this index and the next one. */
static void set_answer(
        lua_State *state, const struct lua_question *question, int index)
{
        struct lookup *lookup = question->lookup;
        int type = lua_type(state, index);
        const char *why;

        if (type == LUA_TNIL)
                set_nothing(state, lookup, index);
        else if (is_text(type))
                set_value(state, lookup, index);
        else if (type == LUA_TTABLE)
                set_list(state, question, index);
        else if (lua_base_is_temp(state, index, &why))
                lookup_failed(lookup, "%s", why);
        else
                luaL_error(state, "%s: lookup returned a %s", question->file,
                        lua_typename(state, type));
}

int lua_answer_ask(lua_State *state)
{
        const struct lua_question *question = lua_touserdata(state, 1);
        struct lookup *lookup = question->lookup;

        lua_rawgetp(state, LUA_REGISTRYINDEX, &kept);
        lua_pushlstring(state, lookup->key.data, lookup->key.size);
        lua_pushstring(state, question->map); /* NULL: nil */
        lua_call(state, 2, 2);
        set_answer(state, question, 2);
        return 0;
}

void lua_answer_explain(
        lua_State *state, const char *file, struct reason *ret_reason)
{
        if (lua_type(state, -1) == LUA_TSTRING)
                reason_set(ret_reason, "%s", lua_tostring(state, -1));
        else
                reason_set(ret_reason, "%s: error with a %s", file,
                        luaL_typename(state, -1));
        ret_reason->code = -EBADMSG;
}
