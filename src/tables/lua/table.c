/* SPDX-License-Identifier: MIT */
#include "tables/lua/table.h"
#include "base/span.h"
#include "tables/lua/limits.h"
#include <lauxlib.h>
#include <lualib.h>

/* More values than Lua's stack takes: no function gets to work for them. */
#define VALUES_MAX 1000000

/* What a value must do to be used as a table. */
static const char *const sized[] = {"__index", "__len", NULL};
static const char *const resized[] = {"__index", "__newindex", "__len", NULL};
static const char *const readable[] = {"__index", NULL};
static const char *const writable[] = {"__newindex", NULL};

/* Checks that an argument is a table, or does as one. */
static void check_table(
        lua_State *state, int argument, const char *const *methods)
{
        if (lua_istable(state, argument))
                return;
        for (; *methods != NULL; methods++) {
                if (luaL_getmetafield(state, argument, *methods) == LUA_TNIL)
                        luaL_checktype(state, argument, LUA_TTABLE);
                lua_pop(state, 1);
        }
}

/* Moves what is at `from` in the first argument to another one. */
static void move_one(
        lua_State *state, lua_Integer from, int target, lua_Integer to)
{
        lua_limits_spend(state, 1);
        lua_geti(state, 1, from);
        lua_seti(state, target, to);
}

/* The length may be another one each time it is asked for: here it isn't. */
static int insert(lua_State *state)
{
        int count = lua_gettop(state);
        lua_Unsigned end;
        lua_Integer at;

        check_table(state, 1, resized);
        end = (lua_Unsigned)luaL_len(state, 1) + 1;
        at = (lua_Integer)end;
        if (count != 2 && count != 3)
                return luaL_error(
                        state, "wrong number of arguments to 'insert'");
        if (count == 3) {
                at = luaL_checkinteger(state, 2);
                luaL_argcheck(state, (lua_Unsigned)at - 1 < end, 2,
                        "position out of bounds");
        }
        for (lua_Integer i = (lua_Integer)end; i > at; i--)
                move_one(state, i - 1, 1, i);
        lua_seti(state, 1, at);
        return 0;
}

static int take_out(lua_State *state)
{
        lua_Integer size, at;

        check_table(state, 1, resized);
        size = luaL_len(state, 1);
        at = luaL_optinteger(state, 2, size);
        if (at != size) /* even where it is 0 */
                luaL_argcheck(state, (lua_Unsigned)at - 1 <= (lua_Unsigned)size,
                        2, "position out of bounds");
        lua_geti(state, 1, at);
        for (; at < size; at++)
                move_one(state, at + 1, 1, at);
        lua_pushnil(state);
        lua_seti(state, 1, at);
        return 1;
}

static void add_field(lua_State *state, luaL_Buffer *out, lua_Integer at)
{
        lua_limits_spend(state, 1);
        lua_geti(state, 1, at);
        if (!lua_isstring(state, -1))
                luaL_error(state,
                        "invalid value (%s) at index %I in table for 'concat'",
                        luaL_typename(state, -1), (LUAI_UACINT)at);
        luaL_addvalue(out);
}

static int concat(lua_State *state)
{
        lua_Integer at, last;
        struct span between;
        luaL_Buffer out;

        check_table(state, 1, sized);
        last = luaL_len(state, 1);
        between.data = luaL_optlstring(state, 2, "", &between.size);
        at = luaL_optinteger(state, 3, 1);
        last = luaL_optinteger(state, 4, last);
        luaL_buffinit(state, &out);
        for (; at < last; at++) {
                add_field(state, &out, at);
                luaL_addlstring(&out, between.data, between.size);
        }
        if (at == last)
                add_field(state, &out, at);
        luaL_pushresult(&out);
        return 1;
}

static int unpack(lua_State *state)
{
        lua_Integer first = luaL_optinteger(state, 2, 1), last;

        if (lua_isnoneornil(state, 3)) {
                last = luaL_len(state, 1);
                lua_settop(state, 2);
                lua_pushinteger(state, last);
        }
        last = luaL_checkinteger(state, 3);
        if (last > first && (uint64_t)last - (uint64_t)first < VALUES_MAX)
                lua_limits_spend(state, (uint64_t)last - (uint64_t)first);
        return lua_limits_covered(state);
}

/* Whether moves up would overwrite what is to be moved. */
static bool is_overlapping(lua_State *state, lua_Integer first,
        lua_Integer last, int target, lua_Integer to)
{
        return to > first && to <= last &&
               (target == 1 || lua_compare(state, 1, target, LUA_OPEQ));
}

static void move_range(lua_State *state, lua_Integer first, lua_Integer last,
        int target, lua_Integer to)
{
        lua_Integer count;

        luaL_argcheck(state, first > 0 || last < LUA_MAXINTEGER + first, 3,
                "too many elements to move");
        count = last - first + 1;
        luaL_argcheck(state, to <= LUA_MAXINTEGER - count + 1, 4,
                "destination wrap around");
        if (is_overlapping(state, first, last, target, to)) {
                while (count-- > 0)
                        move_one(state, first + count, target, to + count);
        } else {
                for (lua_Integer i = 0; i < count; i++)
                        move_one(state, first + i, target, to + i);
        }
}

static int move(lua_State *state)
{
        lua_Integer first = luaL_checkinteger(state, 2);
        lua_Integer last = luaL_checkinteger(state, 3);
        lua_Integer to = luaL_checkinteger(state, 4);
        int target = lua_isnoneornil(state, 5) ? 1 : 5;

        check_table(state, 1, readable);
        check_table(state, target, writable);
        if (last >= first)
                move_range(state, first, last, target, to);
        lua_pushvalue(state, target);
        return 1;
}

/* For table.sort: a function that does not run in Lua, or no function. */
static int compare(lua_State *state)
{
        lua_limits_spend(state, 1);
        if (lua_isnil(state, lua_upvalueindex(1))) {
                lua_pushboolean(state, lua_compare(state, 1, 2, LUA_OPLT));
                return 1;
        }
        lua_pushvalue(state, lua_upvalueindex(1));
        lua_insert(state, 1);
        lua_call(state, 2, 1);
        return 1;
}

/* Each comparison is a step, unless it is some instructions. */
static int sort(lua_State *state)
{
        if (lua_gettop(state) > 0 &&
                (lua_isnoneornil(state, 2) || lua_iscfunction(state, 2))) {
                lua_settop(state, 2);
                lua_pushcclosure(state, compare, 1);
        }
        return lua_limits_covered(state);
}

void lua_table_open(lua_State *state)
{
        lua_getglobal(state, LUA_TABLIBNAME);
        lua_limits_cover(state, "concat", concat);
        lua_limits_cover(state, "insert", insert);
        lua_limits_cover(state, "move", move);
        lua_limits_cover(state, "remove", take_out);
        lua_limits_cover(state, "sort", sort);
        lua_limits_cover(state, "unpack", unpack);
        lua_pop(state, 1);
}
