/* SPDX-License-Identifier: MIT */
#include "tables/lua/match.h"
#include "tables/lua/limits.h"
#include <lauxlib.h>

/* As many as Lua's own; each takes room on the C stack. */
#define DEPTH_MAX 200

/* Steps that are counted together. */
#define STEPS 1024

/* The size of a capture that is a position. */
#define POSITION SIZE_MAX

void lua_match_init(struct lua_match *match, lua_State *state,
        const struct lua_pattern *pattern, struct span subject)
{
        match->state = state;
        match->pattern = pattern;
        match->begin = subject.data;
        match->end = subject.data + subject.size;
        match->steps = 0;
        match->depth = 0;
}

static void step(struct lua_match *match)
{
        if (++match->steps < STEPS)
                return;
        match->steps = 0;
        lua_limits_spend(match->state, STEPS);
}

static bool is_in(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        step(match);
        return at < match->end && lua_item_has(item, *at);
}

/* Where the rest of the pattern, from the item on, matches to. */
static const char *go_on(
        struct lua_match *match, const struct lua_item *item, const char *at);

static const char *match_most(struct lua_match *match,
        const struct lua_item *item, const char *at, size_t least)
{
        size_t count = 0;

        while (is_in(match, item, at + count))
                count++;
        for (; count + 1 > least; count--) {
                const char *end = go_on(match, item + 1, at + count);

                if (end != NULL || count == 0)
                        return end;
        }
        return NULL;
}

static const char *match_least(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        for (;; at++) {
                const char *end = go_on(match, item + 1, at);

                if (end != NULL || !is_in(match, item, at))
                        return end;
        }
}

static const char *match_maybe(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        const char *end = NULL;

        if (is_in(match, item, at))
                end = go_on(match, item + 1, at + 1);
        return end != NULL ? end : go_on(match, item + 1, at);
}

/* A set that is repeated: with all that comes after it. */
static const char *match_repeated(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        switch (item->repeat) {
        case '?':
                return match_maybe(match, item, at);
        case '-':
                return match_least(match, item, at);
        default:
                return match_most(match, item, at, item->repeat == '+' ? 1 : 0);
        }
}

static const char *match_balanced(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        size_t depth = 0;

        if (at == match->end || (unsigned char)*at != item->first)
                return NULL;
        for (; at < match->end; at++) {
                unsigned char byte = (unsigned char)*at;

                step(match);
                if (depth > 0 && byte == item->last) {
                        if (--depth == 0)
                                return at + 1;
                } else if (byte == item->first) {
                        depth++;
                }
        }
        return NULL;
}

static const char *match_frontier(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        char before = '\0', here = '\0';

        step(match);
        if (at > match->begin)
                before = at[-1];
        if (at < match->end)
                here = *at;
        return !lua_item_has(item, before) && lua_item_has(item, here) ? at
                                                                       : NULL;
}

static const char *match_same(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        const char *text = match->captures[item->first].at;
        size_t size = match->captures[item->first].size;

        step(match);
        if (size > (size_t)(match->end - at))
                return NULL;
        for (size_t i = 0; i < size; i++) {
                step(match);
                if (at[i] != text[i])
                        return NULL;
        }
        return at + size;
}

/*
 * What one item matches that has nothing to choose. Captures need not be put
 * back when what comes after it doesn't match: they are set anew on every way
 * that leads to where they are used.
 */
static const char *match_one(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        switch (item->kind) {
        case LUA_ITEM_SET:
                return is_in(match, item, at) ? at + 1 : NULL;
        case LUA_ITEM_OPEN:
                match->captures[item->first].at = at;
                return at;
        case LUA_ITEM_CLOSE:
                match->captures[item->first].size =
                        (size_t)(at - match->captures[item->first].at);
                return at;
        case LUA_ITEM_POSITION:
                match->captures[item->first].at = at;
                match->captures[item->first].size = POSITION;
                return at;
        case LUA_ITEM_SAME:
                return match_same(match, item, at);
        case LUA_ITEM_BALANCED:
                return match_balanced(match, item, at);
        case LUA_ITEM_FRONTIER:
                return match_frontier(match, item, at);
        default: /* LUA_ITEM_END */
                return at == match->end ? at : NULL;
        }
}

static const char *go_on(
        struct lua_match *match, const struct lua_item *item, const char *at)
{
        if (match->depth == DEPTH_MAX)
                luaL_error(match->state, "pattern too complex");
        match->depth++;
        step(match);
        while (at != NULL && item->kind != LUA_ITEM_DONE) {
                if (item->repeat != 0) {
                        at = match_repeated(match, item, at);
                        break;
                }
                at = match_one(match, item++, at);
        }
        match->depth--;
        return at;
}

const char *lua_match_at(struct lua_match *match, const char *at)
{
        match->depth = 0;
        return go_on(match, match->pattern->items, at);
}

const char *lua_match_find(
        struct lua_match *match, const char *at, const char **ret_end)
{
        do {
                const char *end = lua_match_at(match, at);

                if (end != NULL) {
                        *ret_end = end;
                        return at;
                }
        } while (at++ < match->end && !match->pattern->is_anchored);
        return NULL;
}

void lua_match_push(const struct lua_match *match, int number)
{
        const char *at = match->captures[number].at;
        size_t size = match->captures[number].size;

        if (size == POSITION)
                lua_pushinteger(match->state, at - match->begin + 1);
        else
                lua_pushlstring(match->state, at, size);
}

int lua_match_push_all(
        const struct lua_match *match, const char *at, const char *end)
{
        int count = match->pattern->captures;

        if (count == 0 && at != NULL) {
                lua_pushlstring(match->state, at, (size_t)(end - at));
                return 1;
        }
        luaL_checkstack(match->state, count, "too many captures");
        for (int i = 0; i < count; i++)
                lua_match_push(match, i);
        return count;
}
