/* SPDX-License-Identifier: MIT */
#include "maps/map.h"
#include "base/braces.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <time.h>

/* What a lookup may use without malloc, and what it may take from malloc. */
#define LOOKUP_MEMORY ((size_t)4096)
#define LOOKUP_MEMORY_MAX ((size_t)1024 * 1024)

struct map {
        struct table *table;  /* NULL: it could not be opened */
        struct reason reason; /* why not */
};

/* A lookup that may be pending, with the request it is for. */
struct question {
        struct lookup lookup;
        struct arena arena;
        struct socketmap_request *request; /* held */
        struct map *map;
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
};

/* Copies the one word of a specification: the caller frees it. */
static char *copy_spec(const char *spec, struct reason *ret_reason)
{
        struct span rest = span_of(spec), word, more;
        char *copy;

        if (!word_next(&rest, &word)) {
                reason_set(ret_reason, "expected TYPE:NAME");
                return NULL;
        }
        if (word_next(&rest, &more)) {
                reason_set(ret_reason,
                        "\"%.*s\" after \"%.*s\": more than one table, or a "
                        "text with blanks or commas that needs {} around it",
                        (int)more.size, more.data, (int)word.size, word.data);
                return NULL;
        }
        copy = strndup(word.data, word.size);
        if (copy == NULL)
                reason_set_errno(ret_reason, -ENOMEM, "table");
        return copy;
}

struct map *map_open(const struct table_env *env, const char *name,
        const char *table_spec, struct reason *ret_reason)
{
        struct map *map = calloc(1, sizeof(*map));
        char *spec = NULL;

        if (map == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "map %s", name);
                goto fail;
        }
        spec = copy_spec(table_spec, ret_reason);
        if (spec == NULL)
                goto fail;
        map->table = table_open(env, spec, &map->reason);
        if (map->table == NULL && map->reason.code == -EINVAL) {
                *ret_reason = map->reason;
                goto fail;
        }
        if (map->table == NULL)
                report_at(env->report, SEVERITY_WARNING, NULL,
                        "map %s answers TEMP: %s", name, map->reason.text);
        free(spec);
        return map;

fail:
        free(spec);
        map_close(map);
        return NULL;
}

void map_close(struct map *map)
{
        if (map == NULL)
                return;
        table_close(map->table);
        free(map);
}

unsigned map_flags(const struct map *map)
{
        if (map->table != NULL && map->table->blocks)
                return 0;
        return SOCKETMAP_INLINE;
}

/*
 * Sends a value that was found. What Postfix would take for an error or cut
 * short is not sent as if it were right.
 */
static void reply_value(const struct map *map,
        struct socketmap_request *request, struct span value)
{
        if (value.size == 0)
                socketmap_reply_temp(request, "empty value in the table");
        else if (map->table->is_text)
                socketmap_reply(request, SOCKETMAP_OK, value.data, value.size);
        else if (memchr(value.data, '\0', value.size) != NULL)
                socketmap_reply_temp(request, "NUL byte in the value");
        else if (!utf8_is_valid(value))
                socketmap_reply_temp(request, "the value is not UTF-8");
        else
                socketmap_reply(request, SOCKETMAP_OK, value.data, value.size);
}

/* Only a table that says so itself makes a NOTFOUND, which bounces mail. */
static void reply_answer(const struct map *map,
        struct socketmap_request *request, const struct lookup *lookup)
{
        switch (lookup->answer) {
        case ANSWER_FOUND:
                reply_value(map, request, lookup->value);
                break;
        case ANSWER_ABSENT:
                socketmap_reply_notfound(request);
                break;
        case ANSWER_FAILED:
                socketmap_reply_temp(request, lookup->reason.text);
                break;
        case ANSWER_NONE:
        default:
                socketmap_reply_temp(request, "the table did not answer");
                break;
        }
}

static uint64_t deadline_of(const struct socketmap_request *request)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 +
               socketmap_request_remaining(request);
}

static void begin(struct lookup *lookup, struct arena *arena,
        const struct socketmap_request *request)
{
        lookup->key.data = socketmap_request_key(request);
        lookup->key.size = socketmap_request_key_size(request);
        lookup->deadline = UINT64_MAX;
        lookup->arena = arena;
        lookup->finish = NULL;
        lookup->owner = NULL;
        lookup->answer = ANSWER_NONE;
        lookup->state = NULL;
}

/* Asks a table that answers before start returns. */
static void ask_now(const struct map *map, struct socketmap_request *request)
{
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
        struct arena arena;
        struct lookup lookup;
        enum progress progress;

        arena_init(&arena, memory, sizeof(memory), LOOKUP_MEMORY_MAX);
        begin(&lookup, &arena, request);
        if (map->table->blocks)
                lookup.deadline = deadline_of(request);
        progress = map->table->type->start(map->table, &lookup);
        assert(progress == LOOKUP_DONE);
        (void)progress;
        reply_answer(map, request, &lookup);
        arena_fini(&arena);
}

static void finish(struct lookup *lookup)
{
        struct question *question = lookup->owner;

        reply_answer(question->map, question->request, lookup);
        socketmap_request_release(question->request);
        arena_fini(&question->arena);
        free(question);
}

/* Asks a table that may answer later: everything lives on until then. */
static void ask_later(struct map *map, struct socketmap_request *request)
{
        struct question *question = malloc(sizeof(*question));

        if (question == NULL) {
                socketmap_reply_temp(request, "out of memory");
                return;
        }
        question->request = socketmap_request_hold(request);
        if (question->request == NULL) {
                free(question);
                return; /* unanswered: the server sends TEMP */
        }
        question->map = map;
        arena_init(&question->arena, question->memory, sizeof(question->memory),
                LOOKUP_MEMORY_MAX);
        begin(&question->lookup, &question->arena, question->request);
        question->lookup.deadline = deadline_of(question->request);
        question->lookup.finish = finish;
        question->lookup.owner = question;
        if (map->table->type->start(map->table, &question->lookup) ==
                LOOKUP_DONE)
                finish(&question->lookup);
}

void map_lookup(struct socketmap_request *request, void *ctx)
{
        struct map *map = ctx;

        if (map->table == NULL)
                socketmap_reply_temp(request, map->reason.text);
        else if (map->table->type->cancel == NULL)
                ask_now(map, request);
        else
                ask_later(map, request);
}
