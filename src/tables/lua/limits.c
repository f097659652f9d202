/* SPDX-License-Identifier: MIT */
#include "tables/lua/limits.h"
#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

/* Instructions between two looks at the limits. */
#define HOOK_STEPS 256

/* A block that is at least as large takes time: a step for so many bytes. */
#define BLOCK_SIZE 4096
#define BLOCK_STEP 16

static void add_steps(struct lua_limits *limits, uint64_t steps)
{
        if (steps <= limits->steps_limit - limits->steps)
                limits->steps += steps;
        else if (limits->excess == LUA_WITHIN)
                limits->excess = LUA_STEPS;
}

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
        if (size <= had)
                return grown;
        limits->is_refusing = false;
        if (size >= BLOCK_SIZE)
                add_steps(limits, size / BLOCK_STEP);
        return grown;
}

static struct lua_limits *limits_of(lua_State *state)
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

/*
 * An error would not do: Lua runs what closes variables before it passes one
 * on, and without the hook in a coroutine that was ended by it.
 */
void lua_limits_enforce(lua_State *state)
{
        struct lua_limits *limits = limits_of(state);

        if (limits->excess == LUA_WITHIN)
                return;
        if (!limits->is_running) /* a finalizer, that Lua calls at the end */
                luaL_error(state, "a limit was exceeded");
        note_place(state, limits);
        longjmp(limits->back, 1);
}

/* Looks at what changes by itself. */
static void look(struct lua_limits *limits)
{
        limits->unseen = 0;
        if (limits->excess != LUA_WITHIN)
                return;
        if (events_now() >= limits->deadline ||
                (limits->events != NULL && events_have_ceased(limits->events)))
                limits->excess = LUA_TIME;
}

bool lua_limits_count(lua_State *state, uint64_t steps)
{
        struct lua_limits *limits = limits_of(state);

        add_steps(limits, steps);
        if (steps >= HOOK_STEPS - limits->unseen)
                look(limits);
        else
                limits->unseen += steps;
        return limits->excess == LUA_WITHIN;
}

void lua_limits_spend(lua_State *state, uint64_t steps)
{
        if (!lua_limits_count(state, steps))
                lua_limits_enforce(state);
}

static void on_count(lua_State *state, lua_Debug *frame)
{
        (void)frame;
        lua_limits_spend(state, HOOK_STEPS);
}

/* In protected mode: makes the thread that scripts run on. */
static int make_thread(lua_State *main)
{
        lua_newthread(main);
        return 1;
}

lua_State *lua_limits_new_state(struct lua_limits *limits)
{
        lua_State *main;

        limits->memory = 0;
        lua_limits_begin(limits, UINT64_MAX, UINT64_MAX);
        main = lua_newstate(allocate, limits);
        if (main == NULL)
                return NULL;
        /* All threads get both of it from the one that makes them. */
        *(struct lua_limits **)lua_getextraspace(main) = limits;
        lua_sethook(main, on_count, LUA_MASKCOUNT, HOOK_STEPS);
        lua_pushcfunction(main, make_thread);
        if (lua_pcall(main, 0, 1, 0) == LUA_OK)
                return lua_tothread(main, -1); /* it lives as it stays there */
        lua_close(main);
        return NULL;
}

int lua_limits_call(lua_State *state, lua_CFunction function, void *ctx)
{
        struct lua_limits *limits = limits_of(state);
        int status = LUA_ERRRUN;

        limits->is_running = true;
        if (setjmp(limits->back) == 0) {
                lua_pushcfunction(state, function);
                lua_pushlightuserdata(state, ctx);
                status = lua_pcall(state, 1, 0, 0);
                if (status == LUA_ERRMEM && limits->excess == LUA_WITHIN)
                        limits->excess = LUA_MEMORY;
        } else {
                status = LUA_ERRRUN;
        }
        limits->is_running = false;
        return status;
}

void lua_limits_begin(
        struct lua_limits *limits, uint64_t steps, uint64_t deadline)
{
        limits->is_refusing = false;
        limits->steps_limit = steps;
        limits->steps = 0;
        limits->unseen = 0;
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

void lua_limits_cover(
        lua_State *state, const char *name, lua_CFunction function)
{
        lua_getfield(state, -1, name);
        lua_pushcclosure(state, function, 1);
        lua_setfield(state, -2, name);
}

int lua_limits_covered(lua_State *state)
{
        return lua_tocfunction(state, lua_upvalueindex(1))(state);
}
