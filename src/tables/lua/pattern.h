/* SPDX-License-Identifier: MIT */
/*
 * Patterns of Lua (section 6.4.1 of its manual), compiled. A pattern that is
 * malformed is an error even where a subject would not have come that far.
 */
#ifndef TABLES_LUA_PATTERN_H
#define TABLES_LUA_PATTERN_H

#include "base/span.h"
#include <lua.h>
#include <stdint.h>

#define LUA_PATTERN_CAPTURES 32

enum lua_item_kind {
        LUA_ITEM_SET,      /* a byte of the set, repeated */
        LUA_ITEM_OPEN,     /* capture `first` begins */
        LUA_ITEM_CLOSE,    /* ... and ends */
        LUA_ITEM_POSITION, /* it is where we are */
        LUA_ITEM_SAME,     /* what it was, once more */
        LUA_ITEM_BALANCED, /* from byte `first` to the `last` that fits */
        LUA_ITEM_FRONTIER, /* where the set begins */
        LUA_ITEM_END,      /* of the subject */
        LUA_ITEM_DONE
};

struct lua_item {
        unsigned char kind;
        unsigned char repeat; /* 0, '?', '*', '+' or '-' */
        unsigned char first, last;
        uint64_t set[4];
};

struct lua_pattern {
        bool is_anchored;
        int captures;
        struct lua_item items[];
};

/*
 * Compiles a pattern, in memory of the state's that is pushed on its stack.
 * has_anchor: a '^' in front is one. Raises an error.
 */
const struct lua_pattern *lua_pattern_push(
        lua_State *state, struct span text, bool has_anchor);

static inline bool lua_item_has(const struct lua_item *item, char byte)
{
        unsigned char at = (unsigned char)byte;

        return (item->set[at / 64] >> at % 64 & 1) != 0;
}

#endif
