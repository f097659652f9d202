/* SPDX-License-Identifier: MIT */
#include "tables/lua/pattern.h"
#include "tables/lua/limits.h"
#include <ctype.h>
#include <lauxlib.h>

struct parser {
        lua_State *state;
        struct span text;
        size_t at;
        struct lua_pattern *pattern;
        struct lua_item *item; /* the one that is written */
        /* Captures that have begun and not ended, the innermost last. */
        unsigned char open[LUA_PATTERN_CAPTURES];
        int open_count;
        uint64_t closed; /* a bit each */
};

static void add_byte(struct lua_item *item, unsigned char byte)
{
        item->set[byte / 64] |= (uint64_t)1 << byte % 64;
}

static void add_range(
        struct lua_item *item, unsigned char first, unsigned char last)
{
        for (unsigned byte = first; byte <= last; byte++)
                add_byte(item, (unsigned char)byte);
}

static void negate(struct lua_item *item)
{
        for (int i = 0; i < 4; i++)
                item->set[i] = ~item->set[i];
}

/* Of former versions of Lua, and still there. */
static int is_nul(int byte)
{
        return byte == '\0';
}

/* What the letter of a class stands for; NULL: it is no such letter. */
static int (*find_class(unsigned char letter))(int byte)
{
        static const struct {
                char letter;
                int (*has)(int byte);
        } classes[] = {{'a', isalpha}, {'c', iscntrl}, {'d', isdigit},
                {'g', isgraph}, {'l', islower}, {'p', ispunct}, {'s', isspace},
                {'u', isupper}, {'w', isalnum}, {'x', isxdigit}, {'z', is_nul}};

        for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
                if (classes[i].letter == tolower(letter))
                        return classes[i].has;
        return NULL;
}

/* Adds what %letter stands for. */
static void add_class(struct lua_item *item, unsigned char letter)
{
        int (*has)(int byte) = find_class(letter);

        if (has == NULL) {
                add_byte(item, letter);
                return;
        }
        for (int byte = 0; byte < 256; byte++)
                if ((has(byte) != 0) != (isupper(letter) != 0))
                        add_byte(item, (unsigned char)byte);
}

static unsigned char byte_at(const struct parser *parser, size_t at)
{
        return (unsigned char)parser->text.data[at];
}

static bool is_at(const struct parser *parser, size_t at, char byte)
{
        return at < parser->text.size && parser->text.data[at] == byte;
}

/* Returns where the ']' is of the set whose content begins here. */
static size_t find_set_end(const struct parser *parser, size_t at)
{
        /* A ']' that comes first is one of the set. */
        do {
                if (at >= parser->text.size)
                        luaL_error(parser->state,
                                "malformed pattern (missing ']')");
                at += is_at(parser, at, '%') && at + 1 < parser->text.size ? 2
                                                                           : 1;
        } while (!is_at(parser, at, ']'));
        return at;
}

/* Parses what stands behind a '['. */
static void parse_set(struct parser *parser)
{
        bool is_negated = is_at(parser, parser->at, '^');
        size_t at = parser->at + (is_negated ? 1 : 0);
        size_t end = find_set_end(parser, at);

        while (at < end) {
                unsigned char byte = byte_at(parser, at);

                if (byte == '%') {
                        add_class(parser->item, byte_at(parser, at + 1));
                        at += 2;
                } else if (at + 2 < end && is_at(parser, at + 1, '-')) {
                        add_range(parser->item, byte, byte_at(parser, at + 2));
                        at += 3;
                } else {
                        add_byte(parser->item, byte);
                        at++;
                }
        }
        if (is_negated)
                negate(parser->item);
        parser->at = end + 1;
}

static void parse_open(struct parser *parser)
{
        int number = parser->pattern->captures;

        if (number == LUA_PATTERN_CAPTURES)
                luaL_error(parser->state, "too many captures");
        parser->pattern->captures++;
        parser->item->first = (unsigned char)number;
        if (is_at(parser, parser->at, ')')) {
                parser->item->kind = LUA_ITEM_POSITION;
                parser->closed |= UINT64_C(1) << number;
                parser->at++;
                return;
        }
        parser->item->kind = LUA_ITEM_OPEN;
        parser->open[parser->open_count++] = (unsigned char)number;
}

static void parse_close(struct parser *parser)
{
        if (parser->open_count == 0)
                luaL_error(parser->state, "invalid pattern capture");
        parser->item->kind = LUA_ITEM_CLOSE;
        parser->item->first = parser->open[--parser->open_count];
        parser->closed |= UINT64_C(1) << parser->item->first;
}

static void parse_balanced(struct parser *parser)
{
        if (parser->text.size - parser->at < 2)
                luaL_error(parser->state,
                        "malformed pattern (missing arguments to '%%b')");
        parser->item->kind = LUA_ITEM_BALANCED;
        parser->item->first = byte_at(parser, parser->at);
        parser->item->last = byte_at(parser, parser->at + 1);
        parser->at += 2;
}

static void parse_frontier(struct parser *parser)
{
        if (!is_at(parser, parser->at, '['))
                luaL_error(parser->state, "missing '[' after '%%f' in pattern");
        parser->item->kind = LUA_ITEM_FRONTIER;
        parser->at++;
        parse_set(parser);
}

static void parse_same(struct parser *parser, unsigned char digit)
{
        int number = digit - '1';

        if (number < 0 || (parser->closed >> number & 1) == 0)
                luaL_error(parser->state, "invalid capture index %%%d",
                        number + 1);
        parser->item->kind = LUA_ITEM_SAME;
        parser->item->first = (unsigned char)number;
}

/* Parses what stands behind a '%'. */
static void parse_escape(struct parser *parser)
{
        unsigned char byte;

        if (parser->at == parser->text.size)
                luaL_error(parser->state, "malformed pattern (ends with '%%')");
        byte = byte_at(parser, parser->at++);
        if (byte == 'b')
                parse_balanced(parser);
        else if (byte == 'f')
                parse_frontier(parser);
        else if (byte >= '0' && byte <= '9')
                parse_same(parser, byte);
        else
                add_class(parser->item, byte);
}

static void parse_item(struct parser *parser)
{
        unsigned char byte = byte_at(parser, parser->at++);

        switch (byte) {
        case '(':
                parse_open(parser);
                break;
        case ')':
                parse_close(parser);
                break;
        case '[':
                parse_set(parser);
                break;
        case '%':
                parse_escape(parser);
                break;
        case '.':
                negate(parser->item);
                break;
        case '$':
                if (parser->at == parser->text.size) {
                        parser->item->kind = LUA_ITEM_END;
                        break;
                }
                /* fall through */
        default:
                add_byte(parser->item, byte);
                break;
        }
}

static void parse_repeat(struct parser *parser)
{
        static const char repeats[] = {'?', '*', '+', '-'};

        if (parser->item->kind != LUA_ITEM_SET)
                return;
        for (size_t i = 0; i < sizeof(repeats); i++) {
                if (is_at(parser, parser->at, repeats[i])) {
                        parser->item->repeat = (unsigned char)repeats[i];
                        parser->at++;
                        return;
                }
        }
}

const struct lua_pattern *lua_pattern_push(
        lua_State *state, struct span text, bool has_anchor)
{
        /* No item is of less than one byte; and the last one. */
        size_t size = sizeof(struct lua_pattern) +
                      (text.size + 1) * sizeof(struct lua_item);
        struct parser parser = {.state = state, .text = text};

        if (text.size > SIZE_MAX / sizeof(struct lua_item) - 2)
                luaL_error(state, "pattern too long");
        lua_limits_spend(state, text.size);
        parser.pattern = lua_newuserdatauv(state, size, 0);
        memset(parser.pattern, 0, size);
        parser.item = parser.pattern->items;
        parser.pattern->is_anchored = has_anchor && is_at(&parser, 0, '^');
        if (parser.pattern->is_anchored)
                parser.at++;
        for (; parser.at < text.size; parser.item++) {
                parse_item(&parser);
                parse_repeat(&parser);
        }
        if (parser.open_count > 0)
                luaL_error(state, "unfinished capture");
        parser.item->kind = LUA_ITEM_DONE;
        return parser.pattern;
}
