/* SPDX-License-Identifier: MIT */
/*
 * Queries of SQL: a byte for the dialect, then the key, a newline, the query.
 * Whatever they are, no part of a key becomes SQL: the text that is made has
 * the same tokens as that of a harmless key.
 */
#include "fuzz.h"

#include "tables/support/sql.h"

#include <errno.h>
#include <string.h>

struct input {
        enum sql_dialect dialect;
        struct span key, query;
};

static int keep(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        (void)ctx;
        (void)arena;
        *ret_quoted = part;
        return 0;
}

static bool read_input(const char *data, size_t size, struct input *ret_input)
{
        const char *newline;

        if (size < 2)
                return false;
        newline = memchr(data + 1, '\n', size - 1);
        if (newline == NULL || newline == data + 1)
                return false;
        ret_input->dialect = (enum sql_dialect)((unsigned char)data[0] % 3);
        ret_input->key = (struct span){data + 1, (size_t)(newline - data) - 1};
        ret_input->query =
                (struct span){newline + 1, size - (size_t)(newline - data) - 1};
        return true;
}

/* Puts the key into a query, as text. Returns false when it is refused. */
static bool put(const struct sql_query *query, enum sql_dialect dialect,
        struct span key, struct arena *arena, struct span *ret_text)
{
        struct reason reason = {.code = 0};
        int r = sql_escape(query, key,
                dialect == SQL_MYSQL ? keep : sql_double_quotes, NULL, arena,
                ret_text, &reason);

        REQUIRE(r == 1 || r == 0 || (r == -EINVAL && *reason.text != '\0'));
        return r == 1;
}

/* Both texts have the same tokens, but for what is in the strings. */
static void check_tokens(enum sql_dialect dialect, struct span a, struct span b)
{
        struct sql_token x, y;

        while (sql_next(&a, dialect, &x)) {
                REQUIRE(sql_next(&b, dialect, &y));
                REQUIRE(x.kind == y.kind);
        }
        REQUIRE(b.size == 0);
}

/* Quotes, and so what they are around, are those of the query alone. */
static bool has_only_strings(const struct sql_query *query)
{
        for (size_t i = 0; i < query->chunk_count; i++) {
                const struct sql_chunk *chunk = &query->chunks[i];
                struct span text = chunk->token.text;

                if (chunk->template.is_dynamic &&
                        chunk->token.kind != SQL_STRING)
                        return false;
                /* What "%%" becomes may be part of a longer sign. */
                if (memmem(text.data, text.size, "%%", 2) != NULL)
                        return false;
        }
        return true;
}

static void check_parameters(const struct input *input,
        const struct sql_query *query, struct arena *arena)
{
        for (size_t i = 0; i < query->parameter_count; i++) {
                struct span value;
                int r = template_expand_key(&query->parameters[i], input->key,
                        NULL, NULL, arena, &value);

                REQUIRE(query->parameters[i].is_dynamic);
                REQUIRE(r == 0 || r == 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct reason reason = {.code = 0};
        struct sql_query query;
        struct input input;
        struct span text, harmless;
        struct arena arena;
        int r;

        if (!read_input((const char *)data, size, &input))
                return 0;
        arena_init(&arena, NULL, 0, SIZE_MAX);
        r = sql_parse(input.query, input.dialect, &arena, &query, &reason);
        REQUIRE(r == 0 || (r == -EINVAL && *reason.text != '\0'));
        if (r == 0) {
                REQUIRE((query.text == NULL) == (query.obstacle != NULL));
                check_parameters(&input, &query, &arena);
                if (input.dialect != SQL_MYSQL && has_only_strings(&query) &&
                        put(&query, input.dialect, input.key, &arena, &text) &&
                        put(&query, input.dialect,
                                SPAN_LITERAL("u@a.a.a.a.a.a.a.a.a"), &arena,
                                &harmless))
                        check_tokens(input.dialect, text, harmless);
                else
                        put(&query, input.dialect, input.key, &arena, &text);
        }
        arena_fini(&arena);
        return 0;
}
