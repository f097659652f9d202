/* SPDX-License-Identifier: MIT */
/* Our functions on strings and tables do what those of Lua's libraries do. */
#include "support/check.h"
#include "tables/lua/limits.h"
#include "tables/lua/string.h"
#include "tables/lua/table.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <time.h>

/*
 * Errors of Lua leave functions without ThreadSanitizer's knowing: the stack
 * that it keeps grows by each, and all takes longer and longer.
 */
#ifdef __SANITIZE_THREAD__
#define ROUNDS 200
#else
#define ROUNDS 5000
#endif

/* A copy of a library's functions, by another name. */
static void keep_stock(lua_State *state, const char *library, const char *name)
{
        lua_newtable(state);
        lua_getglobal(state, library);
        lua_pushnil(state);
        while (lua_next(state, -2) != 0) {
                lua_pushvalue(state, -2);
                lua_insert(state, -2);
                lua_settable(state, -5);
        }
        lua_pop(state, 1);
        lua_setglobal(state, name);
}

static void compare(const char *script)
{
        struct lua_limits limits = {.memory_limit = (size_t)64 * 1024 * 1024};
        lua_State *state = lua_limits_new_state(&limits);
        const char *seed_text = getenv("SEED");
        long seed = seed_text != NULL ? atol(seed_text) : (long)time(NULL);

        printf("# SEED=%ld\n", seed);
        luaL_openlibs(state);
        keep_stock(state, "string", "stock");
        keep_stock(state, "table", "stock_table");
        lua_string_open(state);
        lua_table_open(state);
        CHECK_INT(luaL_loadfile(state, script), LUA_OK);
        lua_pushinteger(state, seed);
        lua_pushinteger(state, ROUNDS);
        if (lua_pcall(state, 2, 3, 0) != LUA_OK) {
                printf("# %s\n", lua_tostring(state, -1));
                CHECK(!"alike");
        } else {
                /* The same, found at all, and errors in both. */
                CHECK(lua_tointeger(state, -3) > ROUNDS);
                CHECK(lua_tointeger(state, -2) > ROUNDS / 4);
                CHECK(lua_tointeger(state, -1) > ROUNDS / 100);
        }
        lua_close(state);
        CHECK_INT(limits.memory, 0);
}

static void test_patterns(void)
{
        compare(LUA_SCRIPTS "/lua_patterns.lua");
}

static void test_tables(void)
{
        compare(LUA_SCRIPTS "/lua_tables.lua");
}

int main(void)
{
        RUN(test_patterns);
        RUN(test_tables);
        return check_done();
}
