/* SPDX-License-Identifier: MIT */
#include "tables/support/sql_token.h"
#include "base/braces.h"

static bool begins(struct span text, const char *prefix)
{
        size_t size = strlen(prefix);

        return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool is_word_byte(char byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '_' ||
               (unsigned char)byte >= 0x80;
}

/*
 * Returns the size of what begins with `skip` bytes and ends with `end`; all of
 * it when that is missing.
 */
static size_t size_until(
        struct span text, size_t skip, struct span end, bool *ret_is_open)
{
        const char *at = NULL;

        if (text.size > skip)
                at = memmem(
                        text.data + skip, text.size - skip, end.data, end.size);
        *ret_is_open = at == NULL;
        return at == NULL ? text.size : (size_t)(at - text.data) + end.size;
}

/* Something in quotes, of which the first is at `start`; doubled, one is part
 * of it. */
static size_t size_of_quoted(struct span text, size_t start, char quote,
        bool has_backslash, bool *ret_is_open)
{
        for (size_t i = start + 1; i < text.size; i++) {
                if (has_backslash && text.data[i] == '\\')
                        i++;
                else if (text.data[i] != quote)
                        continue;
                else if (i + 1 < text.size && text.data[i + 1] == quote)
                        i++;
                else
                        return i + 1;
        }
        *ret_is_open = true;
        return text.size;
}

/* Comments of PostgreSQL are nested. */
static size_t size_of_nested_comment(struct span text, bool *ret_is_open)
{
        size_t depth = 0;

        for (size_t i = 0; i + 1 < text.size; i++) {
                if (text.data[i] == '/' && text.data[i + 1] == '*') {
                        depth++;
                        i++;
                } else if (text.data[i] == '*' && text.data[i + 1] == '/') {
                        i++;
                        if (--depth == 0)
                                return i + 1;
                }
        }
        *ret_is_open = true;
        return text.size;
}

static bool is_line_comment(struct span text, enum sql_dialect dialect)
{
        if (dialect == SQL_MYSQL && begins(text, "#"))
                return true;
        if (!begins(text, "--"))
                return false;
        /* In MySQL, "5--1" is 6. */
        return dialect != SQL_MYSQL || text.size == 2 ||
               (unsigned char)text.data[2] <= ' ';
}

/* Returns the size of a comment, or 0: it is none. */
static size_t size_of_comment(
        struct span text, enum sql_dialect dialect, bool *ret_is_open)
{
        bool ends_with_text;

        /* The end of the text ends a line, and in SQLite a comment, too. */
        if (is_line_comment(text, dialect))
                return size_until(text, 1, SPAN_LITERAL("\n"), &ends_with_text);
        if (!begins(text, "/*"))
                return 0;
        if (dialect == SQL_POSTGRESQL)
                return size_of_nested_comment(text, ret_is_open);
        return size_until(text, 2, SPAN_LITERAL("*/"),
                dialect == SQL_SQLITE ? &ends_with_text : ret_is_open);
}

/* Returns the size of "$tag$...$tag$", or 0: it is none. */
static size_t size_of_dollars(struct span text, bool *ret_is_open)
{
        size_t size = 1;

        if (!begins(text, "$"))
                return 0;
        if (size < text.size && text.data[1] >= '0' && text.data[1] <= '9')
                return 0; /* a parameter */
        while (size < text.size && is_word_byte(text.data[size]))
                size++;
        if (size == text.size || text.data[size] != '$')
                return 0;
        size++;
        return size_until(
                text, size, (struct span){text.data, size}, ret_is_open);
}

/* Returns the size of E'...', U&'...' or U&"...", or 0: it is none. */
static size_t size_of_escaped(struct span text, struct sql_token *token)
{
        char first = text.data[0];

        token->kind = SQL_ESCAPED;
        if (text.size > 1 && (first == 'e' || first == 'E') &&
                text.data[1] == '\'')
                return size_of_quoted(text, 1, '\'', true, &token->is_open);
        if (text.size < 3 || (first != 'u' && first != 'U') ||
                text.data[1] != '&')
                return 0;
        if (text.data[2] == '"')
                token->kind = SQL_NAME;
        else if (text.data[2] != '\'')
                return 0;
        return size_of_quoted(text, 2, text.data[2], false, &token->is_open);
}

/* Returns the size of what begins with a quote of any kind, or 0. */
static size_t size_of_plain_quoted(
        struct span text, enum sql_dialect dialect, struct sql_token *token)
{
        char first = text.data[0];
        bool is_mysql = dialect == SQL_MYSQL;

        if (first == '\'' || (first == '"' && is_mysql)) {
                token->kind = SQL_STRING;
                return size_of_quoted(
                        text, 0, first, is_mysql, &token->is_open);
        }
        token->kind = SQL_NAME;
        if (first == '"' || (first == '`' && dialect != SQL_POSTGRESQL))
                return size_of_quoted(text, 0, first, false, &token->is_open);
        if (first == '[' && dialect == SQL_SQLITE)
                return size_until(text, 1, SPAN_LITERAL("]"), &token->is_open);
        return 0;
}

/* Returns the size of what is in quotes or is a comment, or 0. */
static size_t size_of_closed(
        struct span text, enum sql_dialect dialect, struct sql_token *token)
{
        bool is_hint = dialect == SQL_MYSQL &&
                       (begins(text, "/*!") || begins(text, "/*+") ||
                               begins(text, "/*M!"));
        size_t size = size_of_comment(text, dialect, &token->is_open);

        if (size > 0) {
                token->kind = is_hint ? SQL_HINT : SQL_BLANK;
                return size;
        }
        size = size_of_plain_quoted(text, dialect, token);
        if (size > 0 || dialect != SQL_POSTGRESQL)
                return size;
        size = size_of_escaped(text, token);
        if (size > 0)
                return size;
        token->kind = SQL_DOLLAR;
        return size_of_dollars(text, &token->is_open);
}

static size_t size_of_word(struct span text)
{
        size_t size = 0;

        while (size < text.size &&
                (is_word_byte(text.data[size]) ||
                        (size > 0 && text.data[size] == '$')))
                size++;
        return size;
}

static size_t size_of_open(struct span text, struct sql_token *token)
{
        size_t size = size_of_word(text);

        token->kind = SQL_WORD;
        if (size > 0)
                return size;
        token->kind = SQL_BLANK;
        while (size < text.size && byte_is_space(text.data[size]))
                size++;
        if (size > 0)
                return size;
        token->kind = text.data[0] == ';' ? SQL_END : SQL_SIGN;
        if (text.data[0] != '%' || text.size == 1)
                return 1;
        if (text.data[1] != '%')
                token->kind = SQL_EXPANSION;
        return 2;
}

bool sql_next(struct span *rest, enum sql_dialect dialect,
        struct sql_token *ret_token)
{
        struct sql_token token = {.text = {rest->data, 0}};

        if (rest->size == 0)
                return false;
        token.text.size = size_of_closed(*rest, dialect, &token);
        if (token.text.size == 0)
                token.text.size = size_of_open(*rest, &token);
        rest->data += token.text.size;
        rest->size -= token.text.size;
        *ret_token = token;
        return true;
}
