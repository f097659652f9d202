/* SPDX-License-Identifier: MIT */
#include "tables/lua/string.h"
#include "tables/lua/limits.h"
#include "tables/lua/match.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

/* Of functions that go through a string byte by byte. */
#define BYTES_PER_STEP 8

static struct span check_text(lua_State *state, int argument)
{
        struct span text;

        text.data = luaL_checklstring(state, argument, &text.size);
        return text;
}

/* How many bytes stand before the one that a function is to begin with. */
static size_t check_start(lua_State *state, int argument, size_t size)
{
        lua_Integer start = luaL_optinteger(state, argument, 1);

        if (start > 0)
                return (size_t)start - 1;
        if (start == 0 || start < -(lua_Integer)size)
                return 0;
        return size - (size_t)-start;
}

static bool is_plain(struct span text)
{
        static const char specials[] = {
                '^', '$', '*', '+', '?', '.', '(', '[', '%', '-'};

        for (size_t i = 0; i < text.size; i++)
                if (memchr(specials, text.data[i], sizeof(specials)) != NULL)
                        return false;
        return true;
}

static int find_plain(
        lua_State *state, struct span subject, struct span text, size_t start)
{
        const char *found;

        lua_limits_spend(state, subject.size - start + text.size);
        found = memmem(subject.data + start, subject.size - start, text.data,
                text.size);
        if (found == NULL) {
                lua_pushnil(state);
                return 1;
        }
        lua_pushinteger(state, found - subject.data + 1);
        lua_pushinteger(state, found - subject.data + (lua_Integer)text.size);
        return 2;
}

/* string.find: where it is, and the captures; string.match: these alone. */
static int search(lua_State *state, bool is_find)
{
        struct span subject = check_text(state, 1), text = check_text(state, 2);
        size_t start = check_start(state, 3, subject.size);
        struct lua_match match;
        const char *at, *end;

        if (start > subject.size) {
                lua_pushnil(state);
                return 1;
        }
        lua_limits_spend(state, text.size / BYTES_PER_STEP);
        if (is_find && (lua_toboolean(state, 4) || is_plain(text)))
                return find_plain(state, subject, text, start);
        lua_match_init(
                &match, state, lua_pattern_push(state, text, true), subject);
        at = lua_match_find(&match, subject.data + start, &end);
        if (at == NULL) {
                lua_pushnil(state);
                return 1;
        }
        if (!is_find)
                return lua_match_push_all(&match, at, end);
        lua_pushinteger(state, at - subject.data + 1);
        lua_pushinteger(state, end - subject.data);
        return lua_match_push_all(&match, NULL, NULL) + 2;
}

static int find(lua_State *state)
{
        return search(state, true);
}

static int match(lua_State *state)
{
        return search(state, false);
}

/* Where string.gmatch goes on. */
struct walk {
        struct lua_match match;
        const char *at;
        const char *last; /* the end of the match before */
};

/* Moves to the next match; one that is empty is none behind another one. */
static const char *walk_next(struct walk *walk, const char **ret_at)
{
        while (walk->at <= walk->match.end) {
                const char *at = walk->at, *end;

                end = lua_match_at(&walk->match, at);
                if (end != NULL && end != walk->last) {
                        walk->at = walk->last = end;
                        *ret_at = at;
                        return end;
                }
                walk->at++;
        }
        return NULL;
}

static int next_match(lua_State *state)
{
        struct walk *walk = lua_touserdata(state, lua_upvalueindex(3));
        const char *at, *end;

        walk->match.state = state;
        end = walk_next(walk, &at);
        return end != NULL ? lua_match_push_all(&walk->match, at, end) : 0;
}

static int gmatch(lua_State *state)
{
        struct span subject = check_text(state, 1), text = check_text(state, 2);
        size_t start = check_start(state, 3, subject.size);
        const struct lua_pattern *pattern;
        struct walk *walk;

        lua_settop(state, 2);
        pattern = lua_pattern_push(state, text, false);
        lua_replace(state, 2); /* the text is not needed any more */
        walk = lua_newuserdatauv(state, sizeof(*walk), 0);
        lua_match_init(&walk->match, state, pattern, subject);
        walk->at = subject.data +
                   (start <= subject.size ? start : subject.size + 1);
        walk->last = NULL;
        lua_pushcclosure(state, next_match, 3);
        return 1;
}

static void add_capture(
        struct walk *walk, const char *at, const char *end, unsigned char digit)
{
        lua_State *state = walk->match.state;
        int number = digit - '1';

        if (number == -1 ||
                (number == 0 && walk->match.pattern->captures == 0)) {
                lua_pushlstring(state, at, (size_t)(end - at));
        } else if (number >= walk->match.pattern->captures) {
                luaL_error(state,
                        "invalid capture index %%%d in replacement string",
                        number + 1);
        } else {
                lua_match_push(&walk->match, number);
        }
}

/* Appends a replacement that is a string, with what %1 and the like are. */
static void add_text(
        struct walk *walk, luaL_Buffer *out, const char *at, const char *end)
{
        lua_State *state = walk->match.state;
        struct span text;

        text.data = lua_tolstring(state, 3, &text.size);
        lua_limits_spend(state, text.size);
        for (size_t i = 0; i < text.size; i++) {
                unsigned char byte = (unsigned char)text.data[i];

                if (byte != '%') {
                        luaL_addchar(out, (char)byte);
                        continue;
                }
                byte = ++i < text.size ? (unsigned char)text.data[i] : '\0';
                if (byte == '%') {
                        luaL_addchar(out, '%');
                } else if (byte >= '0' && byte <= '9') {
                        add_capture(walk, at, end, byte);
                        luaL_addvalue(out);
                } else {
                        luaL_error(state,
                                "invalid use of '%%' in replacement string");
                }
        }
}

/* Pushes what a function or a table has for a match. */
static void push_replacement(struct walk *walk, const char *at, const char *end)
{
        lua_State *state = walk->match.state;

        if (lua_type(state, 3) == LUA_TFUNCTION) {
                lua_pushvalue(state, 3);
                lua_call(state, lua_match_push_all(&walk->match, at, end), 1);
        } else {
                add_capture(walk, at, end, '1');
                lua_gettable(state, 3);
        }
}

static void add_replacement(
        struct walk *walk, luaL_Buffer *out, const char *at, const char *end)
{
        lua_State *state = walk->match.state;
        int type = lua_type(state, 3);

        if (type == LUA_TSTRING || type == LUA_TNUMBER) {
                add_text(walk, out, at, end);
                return;
        }
        push_replacement(walk, at, end);
        if (!lua_toboolean(state, -1)) {
                lua_pop(state, 1);
                luaL_addlstring(out, at, (size_t)(end - at));
        } else if (lua_isstring(state, -1)) {
                luaL_addvalue(out);
        } else {
                luaL_error(state, "invalid replacement value (a %s)",
                        luaL_typename(state, -1));
        }
}

/* Returns how many there were. */
static lua_Integer replace(
        struct walk *walk, luaL_Buffer *out, lua_Integer most)
{
        bool is_anchored = walk->match.pattern->is_anchored;
        lua_Integer count = 0;

        while (count < most) {
                const char *end = lua_match_at(&walk->match, walk->at);

                if (end != NULL && end != walk->last) {
                        count++;
                        add_replacement(walk, out, walk->at, end);
                        walk->at = walk->last = end;
                } else if (walk->at < walk->match.end) {
                        luaL_addchar(out, *walk->at++);
                } else {
                        break;
                }
                if (is_anchored)
                        break;
        }
        luaL_addlstring(out, walk->at, (size_t)(walk->match.end - walk->at));
        return count;
}

static int gsub(lua_State *state)
{
        struct span subject = check_text(state, 1), text = check_text(state, 2);
        int type = lua_type(state, 3);
        lua_Integer most =
                luaL_optinteger(state, 4, (lua_Integer)subject.size + 1);
        struct walk walk = {.at = subject.data};
        luaL_Buffer out;

        luaL_argexpected(state,
                type == LUA_TNUMBER || type == LUA_TSTRING ||
                        type == LUA_TFUNCTION || type == LUA_TTABLE,
                3, "string/function/table");
        lua_match_init(&walk.match, state, lua_pattern_push(state, text, true),
                subject);
        luaL_buffinit(state, &out);
        most = replace(&walk, &out, most);
        luaL_pushresult(&out);
        lua_pushinteger(state, most);
        return 2;
}

/*
 * Counts what it takes to go through the strings on the stack, from this index
 * on, and a step for each value.
 */
static void spend_values(lua_State *state, int first)
{
        uint64_t steps = 0;

        for (int i = first; i <= lua_gettop(state); i++) {
                steps++;
                if (lua_type(state, i) == LUA_TSTRING)
                        steps += lua_rawlen(state, i) / BYTES_PER_STEP;
        }
        lua_limits_spend(state, steps);
}

/* Functions that take as long as what they return is large. */
static int do_results(lua_State *state)
{
        int count = lua_limits_covered(state);

        spend_values(state, lua_gettop(state) - count + 1);
        return count;
}

/* Likewise, and as their arguments are. */
static int do_values(lua_State *state)
{
        spend_values(state, 1);
        return do_results(state);
}

/* string.unpack: the format is gone through, the other text is not. */
static int unpack(lua_State *state)
{
        if (lua_type(state, 1) == LUA_TSTRING)
                lua_limits_spend(state, lua_rawlen(state, 1) / BYTES_PER_STEP);
        return do_results(state);
}

/* Copies of nothing would take no memory, but time. */
static int rep(lua_State *state)
{
        struct span text = check_text(state, 1), between;
        lua_Integer count = luaL_checkinteger(state, 2);

        between.data = luaL_optlstring(state, 3, "", &between.size);
        if (count > 0)
                lua_limits_spend(state, (uint64_t)count);
        if (text.size > 0 || between.size > 0)
                return lua_limits_covered(state);
        lua_pushliteral(state, "");
        return 1;
}

/* utf8.len: of how many characters, or how far there are any. */
static int utf8_length(lua_State *state)
{
        int count = lua_limits_covered(state);
        lua_Integer last = lua_tointeger(state, -1);

        if (last > 0)
                lua_limits_spend(state, (uint64_t)last / BYTES_PER_STEP);
        return count;
}

/* utf8.offset: from where to where it has gone; NULL: through all. */
static int utf8_offset(lua_State *state)
{
        lua_Integer size = (lua_Integer)lua_rawlen(state, 1), steps = size;
        lua_Integer start = lua_tointeger(state, 2) > 0 ? 1 : size + 1;
        int count;

        if (lua_isinteger(state, 3))
                start = lua_tointeger(state, 3);
        if (start < 0)
                start += size + 1;
        count = lua_limits_covered(state);
        if (lua_isinteger(state, -1))
                steps = llabs(lua_tointeger(state, -1) - start);
        lua_limits_spend(state, (uint64_t)steps / BYTES_PER_STEP);
        return count;
}

static void cover_strings(lua_State *state)
{
        static const char *const by_values[] = {
                "format", "lower", "pack", "packsize", "reverse", "upper"};
        static const char *const by_results[] = {"byte", "char", "dump", "sub"};

        for (size_t i = 0; i < sizeof(by_values) / sizeof(by_values[0]); i++)
                lua_limits_cover(state, by_values[i], do_values);
        for (size_t i = 0; i < sizeof(by_results) / sizeof(by_results[0]); i++)
                lua_limits_cover(state, by_results[i], do_results);
        lua_limits_cover(state, "find", find);
        lua_limits_cover(state, "gmatch", gmatch);
        lua_limits_cover(state, "gsub", gsub);
        lua_limits_cover(state, "match", match);
        lua_limits_cover(state, "rep", rep);
        lua_limits_cover(state, "unpack", unpack);
}

void lua_string_open(lua_State *state)
{
        lua_getglobal(state, LUA_STRLIBNAME);
        cover_strings(state);
        lua_getglobal(state, LUA_UTF8LIBNAME);
        lua_limits_cover(state, "char", do_results);
        lua_limits_cover(state, "codepoint", do_results);
        lua_limits_cover(state, "len", utf8_length);
        lua_limits_cover(state, "offset", utf8_offset);
        lua_pop(state, 2);
}
