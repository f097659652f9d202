/* SPDX-License-Identifier: MIT */
#include "tables/support/sql.h"
#include <errno.h>
#include <stdint.h>

/* Where a part of a key goes, and how. */
struct spot {
        const struct sql_token *token;
        template_quote *escape;
        void *ctx;
        struct reason *reason;
};

static bool is_plain(char byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '_' || byte == '.';
}

/* Whether a byte stays what it is where it is put, once it is escaped. */
static bool is_safe(const struct sql_token *token, char byte)
{
        struct span text = token->text;

        if (byte == '\0' || token->is_open)
                return false;
        switch (token->kind) {
        case SQL_STRING:
                return true;
        case SQL_NAME:
                /* The last byte is the quote; U&"..." has escapes, too. */
                return byte != text.data[text.size - 1] &&
                       !(byte == '\\' && text.data[0] != '"');
        case SQL_ESCAPED:
                return byte != '\\';
        case SQL_DOLLAR:
                return byte != '$';
        case SQL_BLANK:
        case SQL_WORD:
        case SQL_SIGN:
        case SQL_END:
        case SQL_EXPANSION:
        case SQL_HINT:
        default:
                return is_plain(byte);
        }
}

static int put(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        const struct spot *spot = ctx;

        for (size_t i = 0; i < part.size; i++)
                if (!is_safe(spot->token, part.data[i])) {
                        reason_set(spot->reason,
                                "the query has a part of the key where its "
                                "byte '%c' could mean something: a string "
                                "needs '...'",
                                part.data[i]);
                        return -EINVAL;
                }
        return spot->escape(spot->ctx, part, arena, ret_quoted);
}

static int refuse(struct reason *ret_reason, int error)
{
        if (error != -EINVAL)
                reason_set_errno(ret_reason, error, "query");
        return error;
}

/* Joins the texts. Returns 1 or -ENOMEM. */
static int join(const struct span *texts, size_t count, struct arena *arena,
        struct span *ret_text)
{
        size_t size = 0, used = 0;
        char *text;

        for (size_t i = 0; i < count; i++) {
                if (texts[i].size >= SIZE_MAX / 2 - size)
                        return -ENOMEM;
                size += texts[i].size;
        }
        text = arena_bytes(arena, size + 1);
        if (text == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                memcpy(text + used, texts[i].data, texts[i].size);
                used += texts[i].size;
        }
        text[size] = '\0';
        *ret_text = (struct span){text, size};
        return 1;
}

int sql_escape(const struct sql_query *query, struct span key,
        template_quote *escape, void *ctx, struct arena *arena,
        struct span *ret_text, struct reason *ret_reason)
{
        struct spot spot = {.escape = escape, .ctx = ctx, .reason = ret_reason};
        struct span *texts;
        int r = 1;

        if (!template_needs_met(&query->needs, key))
                return 0;
        texts = arena_alloc(arena, query->chunk_count * sizeof(*texts));
        if (texts == NULL)
                return refuse(ret_reason, -ENOMEM);
        for (size_t i = 0; i < query->chunk_count && r > 0; i++) {
                const struct sql_chunk *chunk = &query->chunks[i];

                spot.token = &chunk->token;
                texts[i] = SPAN_LITERAL(" ");
                /* What is in a comment need not be told to anybody. */
                if (chunk->token.kind != SQL_BLANK ||
                        !chunk->template.is_dynamic)
                        r = template_expand_key(&chunk->template, key, put,
                                &spot, arena, &texts[i]);
        }
        if (r > 0)
                r = join(texts, query->chunk_count, arena, ret_text);
        return r < 0 ? refuse(ret_reason, r) : r;
}

int sql_double_quotes(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        size_t quotes = 0, size = 0;
        char *text;

        (void)ctx;
        for (size_t i = 0; i < part.size; i++)
                quotes += part.data[i] == '\'' ? 1 : 0;
        *ret_quoted = part;
        if (quotes == 0)
                return 0;
        text = arena_bytes(arena, part.size + quotes);
        if (text == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < part.size; i++) {
                if (part.data[i] == '\'')
                        text[size++] = '\'';
                text[size++] = part.data[i];
        }
        *ret_quoted = (struct span){text, size};
        return 0;
}
