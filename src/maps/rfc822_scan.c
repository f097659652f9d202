/* SPDX-License-Identifier: MIT */
#include "maps/rfc822_scan.h"
#include <errno.h>
#include <stdint.h>

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

int rfc822_scan(struct span list, struct arena *arena,
        struct token **ret_tokens, size_t *ret_count)
{
        struct token *tokens;
        size_t count;
        char *text;

        if (list.size == SIZE_MAX)
                return -ENOMEM;
        /* One more, for no bytes at all may be NULL. */
        text = arena_bytes(arena, list.size + 1);
        if (text == NULL)
                return -ENOMEM;
        count = scan_all(list, text, NULL);
        if (count > SIZE_MAX / sizeof(*tokens) - 2)
                return -ENOMEM;
        tokens = arena_alloc(arena, (count + 2) * sizeof(*tokens));
        if (tokens == NULL)
                return -ENOMEM;
        scan_all(list, text, tokens + 1);
        tokens[0] = tokens[count + 1] = (struct token){.type = TOKEN_END};
        *ret_tokens = tokens;
        *ret_count = count;
        return 0;
}
