/* SPDX-License-Identifier: MIT */
#include "tables/redis/query.h"

void redis_query_trace(const struct redis_query *query, const char *host,
        struct lookup *lookup)
{
        const char *text;

        if (lookup->trace == NULL)
                return;
        text = redis_command_show(&query->command, lookup->key, lookup->arena);
        if (text != NULL)
                lookup_trace(lookup, "redis: asks %s: %s", host, text);
}

static bool begins_with(struct span text, const char *word)
{
        size_t size = strlen(word);

        return text.size >= size && memcmp(text.data, word, size) == 0;
}

/* Errors of the server, whatever it is asked. */
static bool is_of_server(struct span why)
{
        static const char *const words[] = {"LOADING ", "MASTERDOWN ",
                "NOAUTH ", "CLUSTERDOWN ", "NOREPLICAS "};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (begins_with(why, words[i]))
                        return true;
        return false;
}

/* Of names and values only these are values. */
static void answer_list(const struct redis_query *query,
        const struct redis_reply *reply, struct lookup *lookup)
{
        size_t step = query->command.is_hash ? 2 : 1;
        struct db_rows rows;

        db_rows_init(&rows, query->common, lookup);
        for (size_t i = step - 1; i < reply->count; i += step)
                if (db_rows_add(&rows, redis_value(reply, i)) < 0)
                        return;
        db_rows_answer(&rows);
}

/* The reply is gone when the lookup's asker reads it. */
static void answer_value(const struct redis_query *query,
        const struct redis_reply *reply, struct lookup *lookup)
{
        struct span value = redis_value(reply, 0);

        value.data = arena_copy(lookup->arena, value);
        if (value.data == NULL ||
                db_common_result(query->common, lookup, lookup->key, value) < 0)
                lookup_failed(lookup, "out of memory for the value");
}

enum redis_verdict redis_query_answer(const struct redis_query *query,
        const char *host, const struct redis_reply *reply,
        struct lookup *lookup)
{
        struct span why;

        switch (reply->kind) {
        case REDIS_NIL:
                lookup_absent(lookup);
                return REDIS_ANSWERED;
        case REDIS_VALUE:
                answer_value(query, reply, lookup);
                return REDIS_ANSWERED;
        case REDIS_LIST:
                answer_list(query, reply, lookup);
                return REDIS_ANSWERED;
        case REDIS_ERROR:
        default:
                why = redis_value(reply, reply->count - 1);
                lookup_failed(
                        lookup, "%s: %.*s", host, (int)why.size, why.data);
                return is_of_server(why) ? REDIS_LOST : REDIS_ANSWERED;
        }
}
