/* SPDX-License-Identifier: MIT */
#include "tables/support/questions.h"
#include "base/events.h"
#include <errno.h>

/* Milliseconds before a deadline: a lookup is not cancelled to the instant. */
#define LATE 50

void questions_init(struct questions *questions, size_t limit)
{
        TAILQ_INIT(&questions->waiting);
        TAILQ_INIT(&questions->failed);
        questions->count = 0;
        questions->limit = limit;
        questions->earliest = UINT64_MAX;
        questions->event = NULL;
}

static void wake_at(struct questions *questions, uint64_t time)
{
        questions->earliest = time;
        event_at(questions->event, time);
}

static void add(struct questions *questions, struct question *question)
{
        questions->count++;
        if (question->deadline < questions->earliest)
                wake_at(questions, question->deadline);
}

static void remove_waiting(
        struct questions *questions, struct question *question)
{
        TAILQ_REMOVE(&questions->waiting, question, link);
        questions->count--;
}

struct question *questions_add(
        struct questions *questions, struct lookup *lookup, uint64_t deadline)
{
        struct question *question;

        if (questions->count >= questions->limit) {
                lookup_failed(
                        lookup, "%zu lookups wait already", questions->count);
                return NULL;
        }
        question = arena_alloc(lookup->arena, sizeof(*question));
        if (question == NULL) {
                lookup_failed(lookup, "out of memory");
                return NULL;
        }
        *question = (struct question){.lookup = lookup, .deadline = deadline};
        lookup->state = question;
        TAILQ_INSERT_TAIL(&questions->waiting, question, link);
        add(questions, question);
        return question;
}

struct question *questions_take(struct questions *questions, uint64_t number)
{
        struct question *question = TAILQ_FIRST(&questions->waiting);

        while (question != NULL && question->least > number)
                question = TAILQ_NEXT(question, link);
        if (question != NULL)
                remove_waiting(questions, question);
        return question;
}

void questions_put_back(struct questions *questions, struct question *question)
{
        question->connection = NULL;
        question->lookup->answer = ANSWER_NONE;
        TAILQ_INSERT_HEAD(&questions->waiting, question, link);
        add(questions, question);
}

void questions_tell(struct questions *questions, struct question *question)
{
        question->connection = NULL;
        question->is_answered = true;
        TAILQ_INSERT_TAIL(&questions->failed, question, link);
        wake_at(questions, 0);
}

void questions_fail(struct questions *questions, const struct reason *reason)
{
        struct question *question;

        while ((question = TAILQ_FIRST(&questions->waiting)) != NULL) {
                remove_waiting(questions, question);
                lookup_failed(question->lookup, "%s", reason->text);
                questions_tell(questions, question);
        }
}

bool questions_is_late(const struct question *question)
{
        return events_now() + LATE >= question->deadline;
}

void questions_forget(struct questions *questions, struct question *question)
{
        if (question->is_answered)
                TAILQ_REMOVE(&questions->failed, question, link);
        else
                remove_waiting(questions, question);
}

/* Fails those that are past their deadline; the timer is for the next one. */
static void expire(struct questions *questions)
{
        struct question *question = TAILQ_FIRST(&questions->waiting), *next;
        uint64_t now = events_now(), earliest = UINT64_MAX;

        for (; question != NULL; question = next) {
                next = TAILQ_NEXT(question, link);
                if (question->deadline > now) {
                        if (question->deadline < earliest)
                                earliest = question->deadline;
                        continue;
                }
                remove_waiting(questions, question);
                lookup_failed(
                        question->lookup, "no connection had time for it");
                questions_tell(questions, question);
        }
        wake_at(questions, earliest);
}

/*
 * Tells one asker, as the last thing: it may close what the questions are for.
 * The others have their turn.
 */
static void on_due(void *ctx)
{
        struct questions *questions = ctx;
        struct question *question;

        expire(questions);
        question = TAILQ_FIRST(&questions->failed);
        if (question == NULL)
                return;
        TAILQ_REMOVE(&questions->failed, question, link);
        if (!TAILQ_EMPTY(&questions->failed))
                wake_at(questions, 0);
        question->lookup->state = NULL;
        question->lookup->finish(question->lookup);
}

static void never_ready(void *ctx, unsigned what)
{
        (void)ctx;
        (void)what;
}

int questions_open(struct questions *questions, struct events *events)
{
        if (questions->event == NULL)
                questions->event =
                        event_new(events, never_ready, on_due, questions);
        return questions->event != NULL ? 0 : -ENOMEM;
}

void questions_close(struct questions *questions)
{
        event_free(questions->event);
        questions->event = NULL;
}
