/* SPDX-License-Identifier: MIT */
#include "maps/questions.h"
#include "base/events.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdlib.h>

/* What a lookup may use without malloc, and what it may take from malloc. */
#define LOOKUP_MEMORY ((size_t)4096)
#define LOOKUP_MEMORY_MAX ((size_t)1024 * 1024)

/* Memory that is kept for the next questions. */
#define UNUSED_MAX 64

/* A lookup that may be pending, with the request it is for. */
struct question {
        struct lookup lookup;
        struct arena arena;
        struct questions *questions;
        struct question *next, *before;    /* pending; or next unused */
        struct socketmap_request *request; /* held, while pending */
        struct content *content;           /* a reference, while pending */
        uint64_t begin;                    /* 0: it is not timed */
        max_align_t memory[LOOKUP_MEMORY / sizeof(max_align_t)];
};

/* However long it waits: its table goes when the events do. */
static void end_all(struct ending *ending)
{
        questions_cancel(
                (struct questions *)((char *)ending -
                                     offsetof(struct questions, ending)));
}

void questions_begin(
        struct questions *questions, struct tally *tally, struct events *events)
{
        *questions = (struct questions){
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
static void ask_now(struct questions *questions, struct content *content,
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
        tally_reply(questions->tally, request, &outcome, begin_at);
        arena_fini(&arena);
}

static struct question *take_unused(struct questions *questions)
{
        struct question *question = questions->unused;

        if (question == NULL)
                return malloc(sizeof(*question));
        questions->unused = question->next;
        questions->unused_count--;
        return question;
}

static void put_unused(struct questions *questions, struct question *question)
{
        arena_fini(&question->arena);
        if (questions->unused_count == UNUSED_MAX) {
                free(question);
                return;
        }
        question->next = questions->unused;
        questions->unused = question;
        questions->unused_count++;
}

static void link_pending(struct questions *questions, struct question *question)
{
        question->before = NULL;
        question->next = questions->pending;
        if (question->next != NULL)
                question->next->before = question;
        else if (questions->events != NULL)
                events_at_end(questions->events, &questions->ending);
        questions->pending = question;
}

static void unlink_pending(
        struct questions *questions, struct question *question)
{
        if (question->next != NULL)
                question->next->before = question->before;
        if (question->before != NULL)
                question->before->next = question->next;
        else
                questions->pending = question->next;
        if (questions->pending == NULL && questions->events != NULL)
                ending_take_back(&questions->ending);
}

/* Lets go of what a pending question has. */
static void end_pending(struct question *question)
{
        struct questions *questions = question->questions;
        struct socketmap_request *request = question->request;
        struct content *content = question->content;

        unlink_pending(questions, question);
        put_unused(questions, question);
        content_unref(content);
        /* The last: with it the map may go. */
        socketmap_request_release(request);
}

static void finish(struct lookup *lookup)
{
        struct question *question = lookup->owner;
        struct outcome outcome = outcome_of(question->content, lookup);

        tally_reply(question->questions->tally, question->request, &outcome,
                question->begin);
        end_pending(question);
}

/* Keeps what a question needs until it is finished. */
static void keep(struct questions *questions, struct question *question,
        struct content *content, struct socketmap_request *request)
{
        struct socketmap_request *held = socketmap_request_hold(request);

        if (held == NULL) { /* unanswered: the server sends TEMP */
                table_cancel(content->table, &question->lookup);
                put_unused(questions, question);
                return;
        }
        question->request = held;
        question->content = content_ref(content);
        link_pending(questions, question);
}

/*
 * Asks a table that may answer later. Mostly it does not: the request is only
 * held when it has to be.
 */
static void ask_later(struct questions *questions, struct content *content,
        struct socketmap_request *request, uint64_t begin_at)
{
        struct question *question = take_unused(questions);
        struct outcome outcome = temp("out of memory");
        struct span key = key_of(request);

        if (question == NULL) {
                tally_reply(questions->tally, request, &outcome, begin_at);
                return;
        }
        arena_init(&question->arena, question->memory, sizeof(question->memory),
                LOOKUP_MEMORY_MAX);
        key.data = arena_copy(&question->arena, key);
        if (key.data != NULL) {
                begin(&question->lookup, &question->arena, key);
                question->lookup.deadline =
                        events_now() + socketmap_request_remaining(request);
                question->lookup.finish = finish;
                question->lookup.owner = question;
                question->questions = questions;
                question->begin = begin_at;
                if (table_start(content->table, &question->lookup) ==
                        LOOKUP_PENDING) {
                        keep(questions, question, content, request);
                        return;
                }
                outcome = outcome_of(content, &question->lookup);
        }
        tally_reply(questions->tally, request, &outcome, begin_at);
        put_unused(questions, question);
}

void questions_ask(struct questions *questions, struct content *content,
        struct socketmap_request *request)
{
        uint64_t begin_at = tally_begin(questions->tally);

        if (content->table == NULL) {
                struct outcome outcome = temp(content->reason.text);

                tally_reply(questions->tally, request, &outcome, begin_at);
        } else if (content->table->pends) {
                ask_later(questions, content, request, begin_at);
        } else {
                ask_now(questions, content, request, begin_at);
        }
}

void questions_cancel(struct questions *questions)
{
        struct question *question = questions->pending, *next;

        for (; question != NULL; question = next) {
                next = question->next;
                table_cancel(question->content->table, &question->lookup);
                end_pending(question);
        }
}

void questions_fini(struct questions *questions)
{
        assert(questions->pending == NULL);
        while (questions->unused != NULL) {
                struct question *question = questions->unused;

                questions->unused = question->next;
                free(question);
        }
}
