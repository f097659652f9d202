/* SPDX-License-Identifier: MIT */
/* Where a script of Lua comes from, and what it may do. */
#ifndef TABLES_LUA_SOURCE_H
#define TABLES_LUA_SOURCE_H

#include "base/cf.h"
#include "base/events.h"
#include "tables/lua/print.h"
#include "tables/table.h"

/* What scripts may use that others have to trust them for. */
enum lua_grant {
        LUA_GRANT_IO = 1,
        LUA_GRANT_OS = 2,
        LUA_GRANT_PACKAGE = 4,
        LUA_GRANT_DEBUG = 8,
        LUA_GRANT_BYTECODE = 16
};

/* Constant but for `print`, and shared by all states of a table. */
struct lua_source {
        struct arena arena;
        const char *file; /* of the script */
        struct span text; /* as it was when the table was opened */
        const char *map;  /* NULL: unknown */
        unsigned grants;
        size_t memory_limit;
        uint64_t instruction_limit;
        struct events *events; /* NULL: none; outlives it */
        struct lua_print print;
        struct table_file files[2];
        size_t file_count;
};

/* What a FILE.cf may say. */
extern const struct cf_option lua_source_options[];

/*
 * Reads FILE.lua, or the FILE.lua that FILE.cf names, once. Returns NULL with
 * the reason.
 */
struct lua_source *lua_source_open(const struct table_env *env,
        const char *file, struct reason *ret_reason);

/* NULL does nothing. */
void lua_source_close(struct lua_source *source);

#endif
