/* SPDX-License-Identifier: MIT */
#include "tables/lua/base.h"
#include "tables/lua/chunk.h"
#include "tables/lua/limits.h"
#include "tables/lua/string.h"
#include "tables/lua/table.h"
#include <lauxlib.h>
#include <lualib.h>

/* What temp() makes is a userdata with this metatable. */
#define TEMP "temp"

/* What was refused memory is caught as other errors are, but not to go on. */
static int after_call(lua_State *state, int status, lua_KContext first)
{
        (void)status;
        lua_limits_enforce(state);
        return lua_gettop(state) - (int)first;
}

/*
 * Calls the function of Lua's that the running one is in place of, with the
 * same arguments; it may catch errors, but not those of limits.
 */
static int call_guarded(lua_State *state)
{
        lua_pushvalue(state, lua_upvalueindex(1));
        lua_insert(state, 1);
        lua_callk(state, lua_gettop(state) - 1, LUA_MULTRET, 0, after_call);
        return after_call(state, LUA_OK, 0);
}

/*
 * Arguments are checked before a function of Lua's is called for another one:
 * it would name neither of them, nor the line.
 */
static int call_pcall(lua_State *state)
{
        luaL_checkany(state, 1);
        return call_guarded(state);
}

static int call_xpcall(lua_State *state)
{
        luaL_checktype(state, 2, LUA_TFUNCTION);
        return call_guarded(state);
}

/* coroutine.resume and close. */
static int call_coroutine(lua_State *state)
{
        luaL_argexpected(state, lua_isthread(state, 1), 1, "coroutine");
        return call_guarded(state);
}

/* As setmetatable, but that nothing counts what a finalizer does. */
static int set_metatable(lua_State *state)
{
        int type = lua_type(state, 2);

        luaL_checktype(state, 1, LUA_TTABLE);
        luaL_argexpected(state, type == LUA_TNIL || type == LUA_TTABLE, 2,
                "nil or table");
        if (luaL_getmetafield(state, 1, "__metatable") != LUA_TNIL)
                luaL_error(state, "cannot change a protected metatable");
        if (type == LUA_TTABLE) {
                lua_pushliteral(state, "__gc");
                if (lua_rawget(state, 2) != LUA_TNIL)
                        luaL_error(state, "__gc is not to be had here");
        }
        lua_settop(state, 2);
        lua_setmetatable(state, 1);
        return 1;
}

static struct lua_source *source_of(lua_State *state)
{
        return lua_touserdata(state, lua_upvalueindex(2));
}

static const char *mode_of(const struct lua_source *source)
{
        return (source->grants & LUA_GRANT_BYTECODE) != 0 ? "bt" : "t";
}

static int load(lua_State *state)
{
        bool is_free = (source_of(state)->grants & LUA_GRANT_BYTECODE) != 0;

        return lua_chunk_load(state, is_free ? NULL : "t");
}

static int load_file(lua_State *state)
{
        luaL_checkstring(state, 1); /* not from stdin */
        if ((source_of(state)->grants & LUA_GRANT_BYTECODE) == 0) {
                if (lua_gettop(state) < 2)
                        lua_settop(state, 2);
                lua_pushliteral(state, "t"); /* text only */
                lua_replace(state, 2);
        }
        return call_guarded(state);
}

static int do_file(lua_State *state)
{
        const char *file = luaL_checkstring(state, 1);

        lua_settop(state, 1);
        if (luaL_loadfilex(state, file, mode_of(source_of(state))) != LUA_OK)
                return lua_error(state);
        lua_callk(state, 0, LUA_MULTRET, 1, after_call);
        return after_call(state, LUA_OK, 1);
}

static int print(lua_State *state)
{
        int count = lua_gettop(state);
        luaL_Buffer line;

        luaL_buffinit(state, &line);
        for (int i = 1; i <= count; i++) {
                if (i > 1)
                        luaL_addchar(&line, ' ');
                luaL_tolstring(state, i, NULL);
                luaL_addvalue(&line);
        }
        luaL_pushresult(&line);
        lua_print_line(&source_of(state)->print, lua_tostring(state, -1));
        return 0;
}

static int to_number(lua_State *state)
{
        if (lua_type(state, 1) == LUA_TSTRING)
                lua_limits_spend(state, lua_rawlen(state, 1));
        return lua_limits_covered(state);
}

static int temp(lua_State *state)
{
        const char *why = luaL_optstring(state, 1, "the script says so");

        lua_newuserdatauv(state, 0, 1);
        lua_pushstring(state, why);
        lua_setiuservalue(state, -2, 1);
        luaL_setmetatable(state, TEMP);
        return 1;
}

bool lua_base_is_temp(lua_State *state, int index, const char **ret_why)
{
        if (luaL_testudata(state, index, TEMP) == NULL)
                return false;
        lua_getiuservalue(state, index, 1);
        *ret_why = lua_tostring(state, -1);
        return true;
}

/* The function gets as upvalues: what was there by this name, the source. */
static void cover(lua_State *state, struct lua_source *source, const char *name,
        lua_CFunction function)
{
        lua_getfield(state, -1, name);
        lua_pushlightuserdata(state, source);
        lua_pushcclosure(state, function, 2);
        lua_setfield(state, -2, name);
}

static void take_away(lua_State *state, const char *name)
{
        lua_pushnil(state);
        lua_setfield(state, -2, name);
}

static void open_base(lua_State *state, struct lua_source *source)
{
        luaL_requiref(state, LUA_GNAME, luaopen_base, 1);
        cover(state, source, "load", load);
        cover(state, source, "pcall", call_pcall);
        cover(state, source, "print", print);
        cover(state, source, "setmetatable", set_metatable);
        cover(state, source, "temp", temp);
        cover(state, source, "xpcall", call_xpcall);
        if ((source->grants & LUA_GRANT_IO) != 0) {
                cover(state, source, "dofile", do_file);
                cover(state, source, "loadfile", load_file);
        } else {
                take_away(state, "dofile");
                take_away(state, "loadfile");
        }
        lua_limits_cover(state, "tonumber", to_number);
        take_away(state, "collectgarbage");
        take_away(state, "warn");
        lua_pop(state, 1);
}

static void open_coroutine(lua_State *state, struct lua_source *source)
{
        luaL_requiref(state, LUA_COLIBNAME, luaopen_coroutine, 1);
        cover(state, source, "resume", call_coroutine);
        cover(state, source, "close", call_coroutine);
        lua_pop(state, 1);
}

/* stdin and stdout may be a client's connection. */
static void open_io(lua_State *state)
{
        luaL_requiref(state, LUA_IOLIBNAME, luaopen_io, 1);
        if (luaL_dostring(state, "io.input('/dev/null')\n"
                                 "io.output(io.stderr)\n") != LUA_OK)
                lua_error(state);
        take_away(state, "stdin");
        take_away(state, "stdout");
        lua_pop(state, 1);
}

/* Neither the process nor its locale are the script's. */
static void open_os(lua_State *state)
{
        luaL_requiref(state, LUA_OSLIBNAME, luaopen_os, 1);
        take_away(state, "exit");
        take_away(state, "setlocale");
        lua_pop(state, 1);
}

/* The hook is what counts. */
static void open_debug(lua_State *state)
{
        luaL_requiref(state, LUA_DBLIBNAME, luaopen_debug, 1);
        take_away(state, "debug");
        take_away(state, "sethook");
        lua_pop(state, 1);
}

static void open_allowed(lua_State *state, unsigned grants)
{
        if ((grants & LUA_GRANT_PACKAGE) != 0) {
                luaL_requiref(state, LUA_LOADLIBNAME, luaopen_package, 1);
                lua_pop(state, 1);
        }
        if ((grants & LUA_GRANT_IO) != 0)
                open_io(state);
        if ((grants & LUA_GRANT_OS) != 0)
                open_os(state);
        if ((grants & LUA_GRANT_DEBUG) != 0)
                open_debug(state);
}

void lua_base_open(lua_State *state, struct lua_source *source)
{
        luaL_newmetatable(state, TEMP);
        lua_pop(state, 1);
        open_base(state, source);
        open_coroutine(state, source);
        luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 1);
        luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 1);
        luaL_requiref(state, LUA_MATHLIBNAME, luaopen_math, 1);
        luaL_requiref(state, LUA_UTF8LIBNAME, luaopen_utf8, 1);
        lua_pop(state, 4);
        lua_string_open(state);
        lua_table_open(state);
        open_allowed(state, source->grants);
}
