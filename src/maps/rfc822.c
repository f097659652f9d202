/* SPDX-License-Identifier: MIT */
#include "maps/rfc822.h"
#include "maps/address.h"
#include "maps/rfc822_scan.h"
#include <errno.h>

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
                size += token_is_word(&token[i]) ? 2 * token[i].text.size : 0;
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
        for (;; parser->at--) {
                const struct token *token = &parser->tokens[parser->at];

                if (token->type == TOKEN_END ||
                        (!token_is_word(token) &&
                                strchr(stops, token->type) != NULL))
                        return;
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
        bool is_word = token_is_word(&parser->tokens[parser->at]);
        bool ends_word = is_word && !parser->may_be_word;

        if (type == '>')
                return parse_route(parser);
        if (type == ':' && parser->may_be_group)
                return parse_group_name(parser);
        parser->may_be_word = !is_word;
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
        int r = rfc822_scan(list, arena, &parser.tokens, &parser.at);

        parser.right = parser.at + 1;
        while (r == 0 && parser.tokens[parser.at].type != TOKEN_END)
                r = parse_token(&parser);
        if (r == 0)
                r = take_address(&parser);
        if (r == 0)
                *ret_first = parser.first;
        return r;
}
