/* SPDX-License-Identifier: MIT */
/* Our functions on strings do what those of Lua's library do. */
#include "support/check.h"
#include "tables/support/lua_limits.h"
#include "tables/support/lua_string.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 5000

/* A copy of the library's functions, by the name of "stock". */
static void keep_stock(lua_State *state)
{
        lua_newtable(state);
        lua_getglobal(state, "string");
        lua_pushnil(state);
        while (lua_next(state, -2) != 0) {
                lua_pushvalue(state, -2);
                lua_insert(state, -2);
                lua_settable(state, -5);
        }
        lua_pop(state, 1);
        lua_setglobal(state, "stock");
}

static void test_patterns(void)
{
        struct lua_limits limits = {.memory_limit = (size_t)64 * 1024 * 1024};
        lua_State *state = lua_limits_new_state(&limits);
        const char *seed_text = getenv("SEED");
        long seed = seed_text != NULL ? atol(seed_text) : (long)time(NULL);

        printf("# SEED=%ld\n", seed);
        luaL_openlibs(state);
        keep_stock(state);
        lua_string_open(state);
        CHECK_INT(luaL_loadfile(state, LUA_PATTERNS), LUA_OK);
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

int main(void)
{
        RUN(test_patterns);
        return check_done();
}
