/* SPDX-License-Identifier: MIT */
#include "tables/lua/script.h"
#include "tables/lua/answer.h"
#include "tables/lua/base.h"
#include "tables/lua/chunk.h"
#include "tables/lua/limits.h"
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

/* How long a script may run at all, in milliseconds. */
#define RUN_TIME 3000

struct lua_script {
        struct lua_source *source;
        struct lua_limits limits;
        lua_State *state; /* NULL: not begun */
};

struct lua_script *lua_script_new(
        struct lua_source *source, struct reason *ret_reason)
{
        struct lua_script *script = calloc(1, sizeof(*script));

        if (script == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", source->file);
                return NULL;
        }
        script->source = source;
        return script;
}

static void end(struct lua_script *script)
{
        if (script->state != NULL)
                lua_close(script->state);
        script->state = NULL;
}

void lua_script_free(struct lua_script *script)
{
        if (script == NULL)
                return;
        end(script);
        free(script);
}

/* What Lua itself would skip in a file: a mark of UTF-8, a line for Unix. */
static struct span skip_head(struct span text)
{
        static const char mark[] = "\xef\xbb\xbf";
        const char *end;

        if (text.size >= 3 && memcmp(text.data, mark, 3) == 0)
                text = (struct span){text.data + 3, text.size - 3};
        if (text.size == 0 || text.data[0] != '#')
                return text;
        end = memchr(text.data, '\n', text.size);
        if (end == NULL)
                return (struct span){NULL, 0};
        return (struct span){end, text.size - (size_t)(end - text.data)};
}

/* In protected mode: runs the script, which defines the function lookup. */
static int run_script(lua_State *state)
{
        struct lua_source *source = lua_touserdata(state, 1);
        struct span text = skip_head(source->text);
        const char *name;

        lua_base_open(state, source);
        name = lua_pushfstring(state, "@%s", source->file);
        if (lua_chunk_compile(state, text, name,
                    (source->grants & LUA_GRANT_BYTECODE) != 0 ? "bt" : "t") !=
                LUA_OK)
                return lua_error(state);
        lua_call(state, 0, 0);
        if (lua_getglobal(state, "lookup") != LUA_TFUNCTION)
                return luaL_error(state,
                        "%s: it defines no function lookup(key, map)",
                        source->file);
        lua_answer_keep(state);
        return 0;
}

/*
 * Calls a function in protected mode. Returns 0, or -1 with the reason: then
 * the state is of no use any more if a limit was exceeded.
 */
static int call(struct lua_script *script, lua_CFunction function, void *ctx,
        struct reason *ret_reason)
{
        struct lua_limits *limits = &script->limits;
        lua_State *state = script->state;
        int status = lua_limits_call(state, function, ctx);

        if (limits->excess != LUA_WITHIN) {
                lua_limits_explain(limits, script->source->file, ret_reason);
                return -1;
        }
        if (status != LUA_OK)
                lua_answer_explain(state, script->source->file, ret_reason);
        lua_settop(state, 0);
        return status == LUA_OK ? 0 : -1;
}

static void begin_limits(
        struct lua_script *script, uint64_t steps, uint64_t deadline)
{
        uint64_t latest = events_now() + RUN_TIME;

        lua_limits_begin(
                &script->limits, steps, deadline < latest ? deadline : latest);
}

int lua_script_begin(
        struct lua_script *script, uint64_t deadline, struct reason *ret_reason)
{
        if (script->state != NULL)
                return 0;
        script->limits.events = script->source->events;
        script->limits.memory_limit = script->source->memory_limit;
        script->state = lua_limits_new_state(&script->limits);
        if (script->state == NULL) {
                reason_set_errno(
                        ret_reason, -ENOMEM, "%s", script->source->file);
                return -ENOMEM;
        }
        begin_limits(script, UINT64_MAX, deadline);
        if (call(script, run_script, script->source, ret_reason) == 0)
                return 0;
        end(script);
        return -EBADMSG;
}

void lua_script_ask(struct lua_script *script, struct lookup *lookup)
{
        struct lua_question question = {
                lookup, script->source->file, script->source->map};
        struct reason reason;

        if (lua_script_begin(script, lookup->deadline, &reason) < 0) {
                lookup_failed(lookup, "%s", reason.text);
                return;
        }
        begin_limits(
                script, script->source->instruction_limit, lookup->deadline);
        if (call(script, lua_answer_ask, &question, &reason) < 0)
                lookup_failed(lookup, "%s", reason.text);
        if (script->limits.excess != LUA_WITHIN)
                end(script);
}
