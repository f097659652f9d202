/* SPDX-License-Identifier: MIT */
#include "tables/support/lua_limits.h"
#include "base/events.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Instructions between two looks at the limits. */
#define HOOK_STEPS 256

/*
 * Lua collects its garbage and asks again when it was refused; refused twice in
 * a row, it raises an error.
 */
static void *refuse(struct lua_limits *limits)
{
        if (limits->is_refusing && limits->excess == LUA_WITHIN)
                limits->excess = LUA_MEMORY;
        limits->is_refusing = true;
        return NULL;
}

/* The allocator of a state: old_size is one only if there is a block. */
static void *allocate(void *ctx, void *block, size_t old_size, size_t size)
{
        struct lua_limits *limits = ctx;
        size_t had = block != NULL ? old_size : 0;
        void *grown;

        if (size == 0) {
                free(block);
                limits->memory -= had;
                return NULL;
        }
        if (size > had && size - had > limits->memory_limit - limits->memory)
                return refuse(limits);
        grown = realloc(block, size);
        if (grown == NULL && size > had)
                return refuse(limits);
        if (grown == NULL)
                return block; /* Lua relies on it that blocks can shrink */
        limits->memory += size - had;
        if (size > had)
                limits->is_refusing = false;
        return grown;
}

struct lua_limits *lua_limits_of(lua_State *state)
{
        return *(struct lua_limits **)lua_getextraspace(state);
}

/* Notes what is running; takes no memory. */
static void note_place(lua_State *state, struct lua_limits *limits)
{
        lua_Debug frame;

        for (int level = 0; lua_getstack(state, level, &frame); level++) {
                lua_getinfo(state, "Sl", &frame);
                if (frame.currentline <= 0)
                        continue;
                snprintf(limits->place, sizeof(limits->place), "%s:%d",
                        frame.short_src, frame.currentline);
                return;
        }
}

void lua_limits_enforce(lua_State *state)
{
        struct lua_limits *limits = lua_limits_of(state);

        if (limits->excess == LUA_WITHIN)
                return;
        if (limits->place[0] == '\0')
                note_place(state, limits);
        lua_pushliteral(state, "a limit was exceeded");
        lua_error(state);
}

void lua_limits_spend(lua_State *state, uint64_t steps)
{
        struct lua_limits *limits = lua_limits_of(state);
        bool is_too_much = steps > limits->steps_limit - limits->steps;

        if (!is_too_much)
                limits->steps += steps;
        if (limits->excess == LUA_WITHIN && is_too_much)
                limits->excess = LUA_STEPS;
        if (limits->excess == LUA_WITHIN && events_now() >= limits->deadline)
                limits->excess = LUA_TIME;
        lua_limits_enforce(state);
}

static void on_count(lua_State *state, lua_Debug *frame)
{
        (void)frame;
        lua_limits_spend(state, HOOK_STEPS);
}

lua_State *lua_limits_new_state(struct lua_limits *limits)
{
        lua_State *state;

        limits->memory = 0;
        lua_limits_begin(limits, UINT64_MAX, UINT64_MAX);
        state = lua_newstate(allocate, limits);
        if (state == NULL)
                return NULL;
        /* Coroutines get both of it from the main one. */
        *(struct lua_limits **)lua_getextraspace(state) = limits;
        lua_sethook(state, on_count, LUA_MASKCOUNT, HOOK_STEPS);
        return state;
}

void lua_limits_begin(
        struct lua_limits *limits, uint64_t steps, uint64_t deadline)
{
        limits->is_refusing = false;
        limits->steps_limit = steps;
        limits->steps = 0;
        limits->deadline = deadline;
        limits->excess = LUA_WITHIN;
        limits->place[0] = '\0';
}

void lua_limits_explain(const struct lua_limits *limits, const char *file,
        struct reason *ret_reason)
{
        const char *place = limits->place[0] != '\0' ? limits->place : file;

        switch (limits->excess) {
        case LUA_STEPS:
                reason_set(ret_reason,
                        "%s: the script took more than %" PRIu64
                        " instructions",
                        place, limits->steps_limit);
                break;
        case LUA_TIME:
                reason_set(ret_reason, "%s: the script took too long", place);
                break;
        case LUA_MEMORY:
        case LUA_WITHIN:
        default:
                reason_set(ret_reason,
                        "%s: out of memory: the script may have %zu bytes",
                        place, limits->memory_limit);
                break;
        }
        ret_reason->code = -EBADMSG;
}
