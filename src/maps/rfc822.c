/* SPDX-License-Identifier: MIT */
#include "maps/rfc822.h"
#include "maps/address.h"
#include <errno.h>
#include <stdint.h>

/*
 * A special character is a token of its own value; NUL stands before the first
 * and behind the last one. Comments are no tokens.
 */
enum { TOKEN_END, TOKEN_ATOM = 256, TOKEN_QUOTED, TOKEN_LITERAL };

struct token {
        int type;
        struct span text; /* without quotes and backslashes */
};

/*
 * Postfix finds addresses from the right to the left: what stands between two
 * boundaries is one. `at` is the token to look at.
 */
struct parser {
        struct arena *arena;
        struct token *tokens;
        size_t at;
        size_t right;
        bool may_be_word;  /* no word follows, unless there's a special between
                            */
        bool may_be_group; /* a ';' followed */
        struct rfc822_address *first;
};

static const char specials[] = "|%!()<>@,;:\\\".[]";

static bool is_blank(char byte)
{
        return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_special(char byte)
{
        return memchr(specials, byte, sizeof(specials) - 1) != NULL;
}

static bool is_in_word(char byte, int type)
{
        if (type == TOKEN_ATOM)
                return !is_blank(byte) && !is_special(byte);
        return byte != (type == TOKEN_QUOTED ? '"' : ']');
}

/* Copies a word without its backslashes to *to; returns where it ends. */
static size_t scan_word(
        struct span list, size_t i, char **to, struct token *token)
{
        token->text.data = *to;
        for (; i < list.size; i++) {
                if (list.data[i] == '\\') {
                        if (++i == list.size)
                                break;
                } else if (!is_in_word(list.data[i], token->type))
                        break;
                *(*to)++ = is_blank(list.data[i]) ? ' ' : list.data[i];
        }
        token->text.size = (size_t)(*to - token->text.data);
        return token->type != TOKEN_ATOM && i < list.size ? i + 1 : i;
}

/* Returns where a comment ends; i is behind its '('. */
static size_t skip_comment(struct span list, size_t i)
{
        for (size_t level = 1; i < list.size && level > 0; i++) {
                if (list.data[i] == '(')
                        level++;
                else if (list.data[i] == ')')
                        level--;
                else if (list.data[i] == '\\' && i + 1 < list.size)
                        i++;
        }
        return i;
}

static bool is_quoted_atom(const struct token *token)
{
        for (size_t i = 0; i < token->text.size; i++) {
                unsigned char byte = (unsigned char)token->text.data[i];

                if (byte <= ' ' || byte == 127 || is_special((char)byte))
                        return true;
        }
        return false;
}

/* Reads the token at i, which is not blank; returns where it ends. */
static size_t scan_token(
        struct span list, size_t i, char **to, struct token *token)
{
        char byte = list.data[i];

        if (byte == '"' || byte == '[') {
                token->type = byte == '"' ? TOKEN_QUOTED : TOKEN_LITERAL;
                return scan_word(list, i + 1, to, token);
        }
        if (byte != '\\' && is_special(byte)) {
                *token = (struct token){.type = byte};
                return i + 1;
        }
        token->type = TOKEN_ATOM;
        i = scan_word(list, i, to, token);
        if (is_quoted_atom(token))
                token->type = TOKEN_QUOTED;
        return i;
}

/*
 * Reads all tokens and returns how many there are. Their texts go to `to`,
 * which is as long as the list. tokens: NULL only counts them.
 */
static size_t scan_all(struct span list, char *to, struct token *tokens)
{
        struct token unwanted;
        size_t count = 0;

        for (size_t i = 0; i < list.size;) {
                if (is_blank(list.data[i])) {
                        i++;
                } else if (list.data[i] == '(') {
                        i = skip_comment(list, i + 1);
                } else {
                        i = scan_token(list, i, &to,
                                tokens == NULL ? &unwanted : &tokens[count]);
                        count++;
                }
        }
        return count;
}

static int scan(struct parser *parser, struct span list)
{
        char *text = arena_bytes(parser->arena, list.size);
        size_t count;

        if (text == NULL)
                return -ENOMEM;
        count = scan_all(list, text, NULL);
        if (count > SIZE_MAX / sizeof(struct token) - 2)
                return -ENOMEM;
        parser->tokens =
                arena_alloc(parser->arena, (count + 2) * sizeof(struct token));
        if (parser->tokens == NULL)
                return -ENOMEM;
        scan_all(list, text, parser->tokens + 1);
        parser->tokens[0] = parser->tokens[count + 1] =
                (struct token){.type = TOKEN_END};
        parser->at = count;
        parser->right = count + 1;
        return 0;
}

static bool is_word(int type)
{
        return type >= TOKEN_ATOM;
}

static char *put_escaped(char *to, struct span text, const char *escaped)
{
        for (size_t i = 0; i < text.size; i++) {
                if (text.data[i] != '\0' && strchr(escaped, text.data[i]))
                        *to++ = '\\';
                *to++ = text.data[i];
        }
        return to;
}

static char *put_token(char *to, const struct token *token)
{
        switch (token->type) {
        case ',': /* of a source route */
                *to++ = ',';
                *to++ = ' ';
                return to;
        case TOKEN_ATOM:
                return put_escaped(to, token->text, "");
        case TOKEN_QUOTED:
                *to++ = '"';
                to = put_escaped(to, token->text, "\"\\\r\n");
                *to++ = '"';
                return to;
        case TOKEN_LITERAL:
                *to++ = '[';
                to = put_escaped(to, token->text, "\\\r\n");
                *to++ = ']';
                return to;
        default:
                *to++ = (char)token->type;
                return to;
        }
}

/* Makes an address of tokens, of which there is one at least. */
static int make_address(struct arena *arena, const struct token *token,
        size_t count, struct rfc822_address *address)
{
        size_t size = 2 * count; /* quotes, at most */
        char *external, *end;

        for (size_t i = 0; i < count; i++)
                size += is_word(token[i].type) ? 2 * token[i].text.size : 0;
        external = end = arena_bytes(arena, size);
        if (external == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                end = put_token(end, &token[i]);
        return address_unquote(
                (struct span){external, (size_t)(end - external)}, arena,
                &address->internal);
}

/* What stands between `at` and the boundary is an address, if anything. */
static int take_address(struct parser *parser)
{
        struct rfc822_address *address;
        int r;

        if (parser->right <= parser->at + 1)
                return 0;
        address = arena_alloc(parser->arena, sizeof(*address));
        if (address == NULL)
                return -ENOMEM;
        r = make_address(parser->arena, parser->tokens + parser->at + 1,
                parser->right - parser->at - 1, address);
        if (r < 0)
                return r;
        address->next = parser->first;
        parser->first = address;
        return 0;
}

/* Goes left to one of these characters, or to the end. */
static void skip_to(struct parser *parser, const char *stops)
{
        for (;;) {
                int type = parser->tokens[parser->at].type;

                if (type == TOKEN_END ||
                        (!is_word(type) && strchr(stops, type) != NULL))
                        return;
                parser->at--;
        }
}

/* "phrase <address>", at its '>'. */
static int parse_route(struct parser *parser)
{
        int r = take_address(parser);

        if (r < 0)
                return r;
        parser->right = parser->at;
        skip_to(parser, "<");
        r = take_address(parser);
        if (r < 0)
                return r;
        skip_to(parser, ">;,:");
        parser->right = parser->at;
        parser->may_be_word = true;
        return 0;
}

/* "phrase: addresses;", at its ':'. */
static int parse_group_name(struct parser *parser)
{
        int r = take_address(parser);

        if (r < 0)
                return r;
        skip_to(parser, ",");
        parser->right = parser->at;
        return 0;
}

/* A ',' or ';', or a word that another one follows, is a boundary. */
static int parse_boundary(struct parser *parser, size_t boundary)
{
        int r = take_address(parser);

        if (r == 0) {
                parser->right = boundary;
                parser->at--;
        }
        return r;
}

static int parse_token(struct parser *parser)
{
        int type = parser->tokens[parser->at].type;
        bool ends_word = is_word(type) && !parser->may_be_word;

        if (type == '>')
                return parse_route(parser);
        if (type == ':' && parser->may_be_group)
                return parse_group_name(parser);
        parser->may_be_word = !is_word(type);
        if (type == ';')
                parser->may_be_group = true;
        if (type == ';' || type == ',')
                return parse_boundary(parser, parser->at);
        if (ends_word)
                return parse_boundary(parser, parser->at + 1);
        parser->at--;
        return 0;
}

int rfc822_addresses(struct span list, struct arena *arena,
        struct rfc822_address **ret_first)
{
        struct parser parser = {.arena = arena, .may_be_word = true};
        int r = scan(&parser, list);

        while (r == 0 && parser.tokens[parser.at].type != TOKEN_END)
                r = parse_token(&parser);
        if (r == 0)
                r = take_address(&parser);
        if (r == 0)
                *ret_first = parser.first;
        return r;
}
