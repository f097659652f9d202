/* SPDX-License-Identifier: MIT */
#include "tables/support/sql.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

/* What turns a query into a statement. */
struct maker {
        enum sql_dialect dialect;
        struct arena *arena;
        struct sql_query query;
        const struct sql_chunk *previous; /* but for blanks */
        char *text;
        size_t size;
        struct reason *reason;
};

static int refuse_memory(struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "query");
        return -ENOMEM;
}

/*
 * The words that an expression can stand behind. Behind any other, a string may
 * be something else: date '...', _utf8'...', AS '...'.
 */
static bool may_come_before_string(struct span word, enum sql_dialect dialect)
{
        static const char *const words[] = {"SELECT", "DISTINCT", "ALL",
                "WHERE", "ON", "HAVING", "AND", "OR", "XOR", "NOT", "LIKE",
                "ILIKE", "GLOB", "REGEXP", "RLIKE", "MATCH", "TO", "IN", "IS",
                "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "FOR", "DIV", "MOD"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strlen(words[i]) == word.size &&
                        strncasecmp(words[i], word.data, word.size) == 0)
                        return true;
        /* trim(x from '...'); in SQLite it would be the name of a table. */
        return dialect != SQL_SQLITE && word.size == 4 &&
               strncasecmp("FROM", word.data, 4) == 0;
}

static bool is_expression(
        const struct sql_chunk *previous, enum sql_dialect dialect)
{
        if (previous == NULL)
                return true;
        if (previous->token.kind == SQL_WORD)
                return may_come_before_string(previous->token.text, dialect);
        return previous->token.kind == SQL_SIGN &&
               strchr(").]}", previous->token.text.data[0]) == NULL;
}

/* Returns why a token with a part of the key is no parameter, or NULL. */
static const char *obstacle_of(
        const struct maker *maker, const struct sql_token *token)
{
        switch (token->kind) {
        case SQL_STRING:
                if (is_expression(maker->previous, maker->dialect))
                        return NULL;
                return "what stands in front of '...' makes more of it than a "
                       "string";
        case SQL_NAME:
                return "a part of the key stands in the quotes of a name: a "
                       "string needs '...'";
        case SQL_ESCAPED:
        case SQL_DOLLAR:
                return "a part of the key stands in a string that is not just "
                       "'...'";
        case SQL_HINT:
                return "a part of the key stands in a comment that is read";
        case SQL_BLANK:
        case SQL_WORD:
        case SQL_SIGN:
        case SQL_END:
        case SQL_EXPANSION:
        default:
                return "a part of the key stands outside of '...'";
        }
}

/* Parameters that the query has itself would be counted with ours. */
static bool is_parameter_sign(struct span text, enum sql_dialect dialect)
{
        static const char *const signs[] = {[SQL_SQLITE] = "?:@$#",
                [SQL_POSTGRESQL] = "$",
                [SQL_MYSQL] = "?"};

        return strchr(signs[dialect], text.data[0]) != NULL;
}

/* Returns what else keeps the query from having parameters, or NULL. */
static const char *obstacle_around(
        const struct maker *maker, const struct sql_chunk *chunk)
{
        const struct sql_chunk *previous = maker->previous;

        if (chunk->token.is_open)
                return "a quote or a comment has no end";
        if (chunk->token.kind == SQL_SIGN &&
                is_parameter_sign(chunk->token.text, maker->dialect))
                return "it has parameters of its own";
        if (previous == NULL || chunk->token.kind == SQL_BLANK)
                return NULL;
        if (previous->token.kind == SQL_END)
                return "it is several statements";
        if (chunk->token.kind == SQL_STRING &&
                previous->token.kind == SQL_STRING &&
                (chunk->template.is_dynamic || previous->template.is_dynamic))
                return "two strings stand side by side";
        return NULL;
}

/* Appends to the statement, of which there is room for twice the query. */
static void append(struct maker *maker, const char *data, size_t size)
{
        memcpy(maker->text + maker->size, data, size);
        maker->size += size;
}

/* A token without a part of the key: as it is, "%%" made '%'. */
static int append_static(struct maker *maker, const struct template *template)
{
        struct span text;
        int r = template_expand_key(
                template, SPAN_LITERAL("-"), NULL, NULL, maker->arena, &text);

        if (r < 0)
                return refuse_memory(maker->reason);
        append(maker, text.data, text.size);
        return 0;
}

static void append_placeholder(struct maker *maker)
{
        char text[32];
        int size = maker->dialect == SQL_POSTGRESQL
                           ? snprintf(text, sizeof(text), " $%zu ",
                                     maker->query.parameter_count)
                           : snprintf(text, sizeof(text), " ? ");

        append(maker, text, (size_t)size);
}

/* What MySQL makes of the byte behind a backslash; 0: both are kept. */
static char unescape_byte(char byte, bool *ret_is_kept)
{
        static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\032";
        const char *at = byte != '\0' ? strchr(from, byte) : NULL;

        *ret_is_kept = byte == '%' || byte == '_';
        return at != NULL ? to[at - from] : byte;
}

/* Takes the quotes off a string: what is left is a template still. */
static struct span unquote(
        struct span text, enum sql_dialect dialect, char *ret_text)
{
        char quote = text.data[0];
        size_t size = 0;

        for (size_t i = 1; i + 1 < text.size; i++) {
                bool is_kept = false;
                char byte = text.data[i];

                if (byte == quote) {
                        i++;
                } else if (byte == '\\' && dialect == SQL_MYSQL) {
                        byte = unescape_byte(text.data[++i], &is_kept);
                        if (is_kept)
                                ret_text[size++] = '\\';
                }
                ret_text[size++] = byte;
        }
        return (struct span){ret_text, size};
}

static int append_parameter(struct maker *maker, struct span literal)
{
        struct sql_query *query = &maker->query;
        char *text = arena_bytes(maker->arena, literal.size);
        int r;

        if (text == NULL)
                return refuse_memory(maker->reason);
        r = template_parse(unquote(literal, maker->dialect, text),
                TEMPLATE_QUERY, maker->arena,
                &query->parameters[query->parameter_count], maker->reason);
        if (r < 0)
                return r;
        query->parameter_count++;
        append_placeholder(maker);
        return 0;
}

static int append_chunk(struct maker *maker, const struct sql_chunk *chunk)
{
        const char *obstacle = NULL;
        bool is_dynamic = chunk->template.is_dynamic;

        if (chunk->token.kind == SQL_BLANK && is_dynamic) {
                append(maker, " ", 1);
                return 0;
        }
        if (is_dynamic)
                obstacle = obstacle_of(maker, &chunk->token);
        if (obstacle == NULL)
                obstacle = obstacle_around(maker, chunk);
        if (maker->query.obstacle == NULL)
                maker->query.obstacle = obstacle;
        if (maker->query.obstacle != NULL)
                return 0;
        return is_dynamic ? append_parameter(maker, chunk->token.text)
                          : append_static(maker, &chunk->template);
}

/* A backslash would have to do with whatever the key begins with. */
static bool has_escaped_part(
        const struct sql_token *token, enum sql_dialect dialect)
{
        struct span text = token->text;

        if (token->kind != SQL_ESCAPED &&
                !(token->kind == SQL_STRING && dialect == SQL_MYSQL))
                return false;
        for (size_t i = 0; i + 2 < text.size; i++) {
                if (text.data[i] == '%')
                        i++;
                else if (text.data[i] != '\\')
                        continue;
                else if (text.data[i + 1] == '%' && text.data[i + 2] != '%')
                        return true;
                else
                        i += text.data[i + 1] == '%' ? 2 : 1;
        }
        return false;
}

static int read_chunk(struct maker *maker, const struct sql_token *token)
{
        struct sql_query *query = &maker->query;
        struct sql_chunk *chunk = &query->chunks[query->chunk_count];
        int r;

        chunk->token = *token;
        r = template_parse(token->text, TEMPLATE_QUERY, maker->arena,
                &chunk->template, maker->reason);
        if (r < 0)
                return r;
        if (has_escaped_part(token, maker->dialect)) {
                reason_set(
                        maker->reason, "a '\\' in front of a part of the key");
                return -EINVAL;
        }
        query->chunk_count++;
        r = append_chunk(maker, chunk);
        if (token->kind != SQL_BLANK)
                maker->previous = chunk;
        return r;
}

static int read_chunks(struct maker *maker, struct span text)
{
        struct sql_query *query = &maker->query;
        struct sql_token token;
        int r = 0;

        while (r == 0 && sql_next(&text, maker->dialect, &token)) {
                bool is_behind = maker->previous != NULL &&
                                 maker->previous->token.kind == SQL_END;

                query->is_several |= is_behind && token.kind != SQL_BLANK;
                if (!is_behind || maker->dialect != SQL_SQLITE)
                        r = read_chunk(maker, &token);
        }
        return r;
}

/* Counts what there will be at most, and makes room for it. */
static int make_room(struct maker *maker, struct span text)
{
        struct sql_query *query = &maker->query;
        size_t chunks = 0, strings = 0;
        struct span rest = text;
        struct sql_token token;

        while (sql_next(&rest, maker->dialect, &token)) {
                chunks++;
                strings += token.kind == SQL_STRING ? 1 : 0;
        }
        query->chunks =
                arena_alloc(maker->arena, chunks * sizeof(*query->chunks));
        query->parameters =
                arena_alloc(maker->arena, strings * sizeof(*query->parameters));
        maker->text = arena_bytes(maker->arena, 2 * text.size + 1);
        if (query->chunks == NULL || query->parameters == NULL ||
                maker->text == NULL)
                return refuse_memory(maker->reason);
        return 0;
}

int sql_parse(struct span text, enum sql_dialect dialect, struct arena *arena,
        struct sql_query *ret_query, struct reason *ret_reason)
{
        struct maker maker = {
                .dialect = dialect, .arena = arena, .reason = ret_reason};
        struct template whole;
        int r = template_parse(text, TEMPLATE_QUERY, arena, &whole, ret_reason);

        if (r < 0)
                return r;
        text.data = arena_copy(arena, text);
        if (text.data == NULL)
                return refuse_memory(ret_reason);
        r = make_room(&maker, text);
        if (r == 0)
                r = read_chunks(&maker, text);
        if (r < 0)
                return r;
        maker.query.needs = whole.needs;
        maker.text[maker.size] = '\0';
        if (maker.query.obstacle == NULL)
                maker.query.text = maker.text;
        *ret_query = maker.query;
        return 0;
}
