/* SPDX-License-Identifier: MIT */
#include "maps/requests.h"
#include "base/events.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdlib.h>

/* What a lookup may use without malloc, and what it may take from malloc. */
#define LOOKUP_MEMORY ((size_t)4096)
#define LOOKUP_MEMORY_MAX ((size_t)1024 * 1024)

/* Memory that is kept for the next requests. */
#define UNUSED_MAX 64

/* A lookup that may be pending, with the request it is for. */
struct asked {
        struct lookup lookup;
        struct arena arena;
        struct requests *requests;
        struct asked *next, *before;       /* pending; or next unused */
        struct socketmap_request *request; /* held, while pending */
        struct content *content;           /* a reference, while pending */
        uint64_t begin;                    /* 0: it is not timed */
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
};

/* However long it waits: its table goes when the events do. */
static void end_all(struct ending *ending)
{
        requests_cancel((struct requests *)((char *)ending -
                                            offsetof(struct requests, ending)));
}

void requests_begin(
        struct requests *requests, struct tally *tally, struct events *events)
{
        *requests = (struct requests){
                .tally = tally, .events = events, .ending.run = end_all};
}

static struct outcome temp(const char *text)
{
        return (struct outcome){SOCKETMAP_TEMP, span_of(text)};
}

/* What Postfix would take for an error or cut short is not sent as if it were
 * right. */
static struct outcome outcome_of_value(
        const struct content *content, struct span value)
{
        bool is_text = content->table->is_text;

        if (value.size == 0 && !content->takes_empty)
                return temp("empty value in the table");
        if (!is_text && value.size > 0 &&
                memchr(value.data, '\0', value.size) != NULL)
                return temp("NUL byte in the value");
        if (!is_text && !utf8_is_valid(value))
                return temp("the value is not UTF-8");
        return (struct outcome){SOCKETMAP_OK, value};
}

/* Only a table that says so itself makes a NOTFOUND, which bounces mail. */
struct outcome outcome_of(
        const struct content *content, const struct lookup *lookup)
{
        switch (lookup->answer) {
        case ANSWER_FOUND:
                return outcome_of_value(content, lookup->value);
        case ANSWER_ABSENT:
                return (struct outcome){SOCKETMAP_NOTFOUND, SPAN_LITERAL("")};
        case ANSWER_FAILED:
                return temp(lookup->reason.text);
        case ANSWER_NONE:
                break;
        }
        return temp("the table did not answer");
}

static void begin(struct lookup *lookup, struct arena *arena, struct span key)
{
        lookup->key = key;
        lookup->deadline = UINT64_MAX;
        lookup->arena = arena;
        lookup->trace = NULL;
        lookup->finish = NULL;
        lookup->owner = NULL;
        lookup->answer = ANSWER_NONE;
        lookup->state = NULL;
}

static struct span key_of(const struct socketmap_request *request)
{
        return (struct span){socketmap_request_key(request),
                socketmap_request_key_size(request)};
}

/* Asks a table that answers before start returns. */
static void ask_now(struct requests *requests, struct content *content,
        struct socketmap_request *request, uint64_t begin_at)
{
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
        struct arena arena;
        struct lookup lookup;
        struct outcome outcome;
        enum progress progress;

        arena_init(&arena, memory, sizeof(memory), LOOKUP_MEMORY_MAX);
        begin(&lookup, &arena, key_of(request));
        progress = table_start(content->table, &lookup);
        assert(progress == LOOKUP_DONE);
        (void)progress;
        outcome = outcome_of(content, &lookup);
        tally_reply(requests->tally, request, &outcome, begin_at);
        arena_fini(&arena);
}

static struct asked *take_unused(struct requests *requests)
{
        struct asked *asked = requests->unused;

        if (asked == NULL)
                return malloc(sizeof(*asked));
        requests->unused = asked->next;
        requests->unused_count--;
        return asked;
}

static void put_unused(struct requests *requests, struct asked *asked)
{
        arena_fini(&asked->arena);
        if (requests->unused_count == UNUSED_MAX) {
                free(asked);
                return;
        }
        asked->next = requests->unused;
        requests->unused = asked;
        requests->unused_count++;
}

static void link_pending(struct requests *requests, struct asked *asked)
{
        asked->before = NULL;
        asked->next = requests->pending;
        if (asked->next != NULL)
                asked->next->before = asked;
        else if (requests->events != NULL)
                events_at_end(requests->events, &requests->ending);
        requests->pending = asked;
}

static void unlink_pending(struct requests *requests, struct asked *asked)
{
        if (asked->next != NULL)
                asked->next->before = asked->before;
        if (asked->before != NULL)
                asked->before->next = asked->next;
        else
                requests->pending = asked->next;
        if (requests->pending == NULL && requests->events != NULL)
                ending_take_back(&requests->ending);
}

/* Lets go of what a pending lookup has. */
static void end_pending(struct asked *asked)
{
        struct requests *requests = asked->requests;
        struct socketmap_request *request = asked->request;
        struct content *content = asked->content;

        unlink_pending(requests, asked);
        put_unused(requests, asked);
        content_unref(content);
        /* The last: with it the map may go. */
        socketmap_request_release(request);
}

static void finish(struct lookup *lookup)
{
        struct asked *asked = lookup->owner;
        struct outcome outcome = outcome_of(asked->content, lookup);

        tally_reply(
                asked->requests->tally, asked->request, &outcome, asked->begin);
        end_pending(asked);
}

/* Keeps what a lookup needs until it is finished. */
static void keep(struct requests *requests, struct asked *asked,
        struct content *content, struct socketmap_request *request)
{
        struct socketmap_request *held = socketmap_request_hold(request);

        if (held == NULL) { /* unanswered: the server sends TEMP */
                table_cancel(content->table, &asked->lookup);
                put_unused(requests, asked);
                return;
        }
        asked->request = held;
        asked->content = content_ref(content);
        link_pending(requests, asked);
}

/*
 * Asks a table that may answer later. Mostly it does not: the request is only
 * held when it has to be.
 */
static void ask_later(struct requests *requests, struct content *content,
        struct socketmap_request *request, uint64_t begin_at)
{
        struct asked *asked = take_unused(requests);
        struct outcome outcome = temp("out of memory");
        struct span key = key_of(request);

        if (asked == NULL) {
                tally_reply(requests->tally, request, &outcome, begin_at);
                return;
        }
        arena_init(&asked->arena, asked->memory, sizeof(asked->memory),
                LOOKUP_MEMORY_MAX);
        key.data = arena_copy(&asked->arena, key);
        if (key.data != NULL) {
                begin(&asked->lookup, &asked->arena, key);
                asked->lookup.deadline =
                        events_now() + socketmap_request_remaining(request);
                asked->lookup.finish = finish;
                asked->lookup.owner = asked;
                asked->requests = requests;
                asked->begin = begin_at;
                if (table_start(content->table, &asked->lookup) ==
                        LOOKUP_PENDING) {
                        keep(requests, asked, content, request);
                        return;
                }
                outcome = outcome_of(content, &asked->lookup);
        }
        tally_reply(requests->tally, request, &outcome, begin_at);
        put_unused(requests, asked);
}

void requests_ask(struct requests *requests, struct content *content,
        struct socketmap_request *request)
{
        uint64_t begin_at = tally_begin(requests->tally);

        if (content->table == NULL) {
                struct outcome outcome = temp(content->reason.text);

                tally_reply(requests->tally, request, &outcome, begin_at);
        } else if (content->table->pends) {
                ask_later(requests, content, request, begin_at);
        } else {
                ask_now(requests, content, request, begin_at);
        }
}

void requests_cancel(struct requests *requests)
{
        struct asked *asked = requests->pending, *next;

        for (; asked != NULL; asked = next) {
                next = asked->next;
                table_cancel(asked->content->table, &asked->lookup);
                end_pending(asked);
        }
}

void requests_fini(struct requests *requests)
{
        assert(requests->pending == NULL);
        while (requests->unused != NULL) {
                struct asked *asked = requests->unused;

                requests->unused = asked->next;
                free(asked);
        }
}
