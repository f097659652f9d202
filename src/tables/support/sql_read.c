/* SPDX-License-Identifier: MIT */
#include "tables/support/sql_read.h"
#include <strings.h>

/* What may stand in front of a '(': words of the language, and functions. */
static const char *const calls[] = {"all", "and", "any", "array", "as",
        "between", "by", "case", "distinct", "else", "except", "exists", "from",
        "having", "ilike", "in", "intersect", "is", "join", "like", "not", "on",
        "or", "select", "some", "then", "union", "using", "values", "when",
        "where",
        /* types with a length */
        "char", "character", "numeric", "varchar",
        /* functions */
        "array_agg", "array_to_string", "btrim", "cast", "char_length",
        "coalesce", "concat", "concat_ws", "count", "format", "greatest",
        "initcap", "least", "left", "length", "lower", "lpad", "ltrim", "max",
        "md5", "min", "now", "nullif", "position", "regexp_replace", "replace",
        "reverse", "right", "rpad", "rtrim", "split_part", "starts_with",
        "string_agg", "string_to_array", "strpos", "substr", "substring", "sum",
        "to_char", "translate", "trim", "unnest", "upper"};

/* Words that may mean locks, effects, or a part of the statement with them. */
static const char *const effects[] = {"call", "delete", "do", "execute", "for",
        "insert", "into", "merge", "update"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_one_of(struct span word, const char *const *list, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strlen(list[i]) == word.size &&
                        strncasecmp(list[i], word.data, word.size) == 0)
                        return true;
        return false;
}

static bool is_sign(const struct sql_token *token, char sign)
{
        return token->kind == SQL_SIGN && token->text.data[0] == sign;
}

/* Whether a token may follow those before, blanks left out. */
static bool may_follow(const struct sql_token *before_that,
        const struct sql_token *before, const struct sql_token *token)
{
        static const char *const first[] = {"select", "values"};

        if (before == NULL && token->kind == SQL_WORD)
                return is_one_of(token->text, first, COUNT(first));
        if (before == NULL)
                return is_sign(token, '(');
        if (token->kind == SQL_WORD)
                return !is_one_of(token->text, effects, COUNT(effects));
        if (!is_sign(token, '('))
                return true;
        /* schema.lower() is anybody's. */
        if (before_that != NULL && is_sign(before_that, '.'))
                return false;
        if (before->kind == SQL_WORD)
                return is_one_of(before->text, calls, COUNT(calls));
        return before->kind != SQL_NAME;
}

bool sql_is_read(const struct sql_query *query)
{
        const struct sql_token *before_that = NULL, *before = NULL;

        if (query->text == NULL)
                return false;
        for (size_t i = 0; i < query->chunk_count; i++) {
                const struct sql_token *token = &query->chunks[i].token;

                if (token->kind == SQL_BLANK)
                        continue;
                if (!may_follow(before_that, before, token))
                        return false;
                before_that = before;
                before = token;
        }
        return before != NULL;
}
