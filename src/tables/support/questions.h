/* SPDX-License-Identifier: MIT */
/*
 * Lookups that wait for their turn at something, each with its deadline, and
 * those that have failed and whose askers have to be told later: never inside
 * of a call.
 */
#ifndef TABLES_SUPPORT_QUESTIONS_H
#define TABLES_SUPPORT_QUESTIONS_H

#include "tables/table.h"
#include <sys/queue.h>

struct connection;
struct events;

/* A lookup on its way, in its own arena; lookup->state is this. */
struct question {
        TAILQ_ENTRY(question) link;
        struct lookup *lookup;
        uint64_t deadline;
        struct connection *connection; /* it is asked on; NULL: it waits */
        /* Connections are numbered as they are made: this one or a later one.
         */
        uint64_t least;
        bool is_lost;  /* it has lost a connection already */
        bool is_alone; /* others in one go with it have been no good */
        bool is_text;  /* no parameters will do for it */
        bool is_answered;
};

TAILQ_HEAD(question_list, question);

struct questions {
        struct question_list waiting;
        struct question_list failed; /* to be told */
        size_t count;                /* that wait */
        size_t limit;
        uint64_t earliest; /* the timer's time; UINT64_MAX: none */
        struct event *event;
};

/* Begins without an event: questions_open makes it, on the events' thread. */
void questions_init(struct questions *questions, size_t limit);
int questions_open(struct questions *questions, struct events *events);
void questions_close(struct questions *questions);

/*
 * Has a lookup wait, or fail by its deadline. Returns NULL when too many wait,
 * or there is no memory: the lookup has failed.
 */
struct question *questions_add(
        struct questions *questions, struct lookup *lookup, uint64_t deadline);

/*
 * Takes the first one that waits and that the connection of this number will do
 * for; UINT64_MAX: whatever it needs. NULL: there is none.
 */
struct question *questions_take(struct questions *questions, uint64_t number);

/* Puts one that was taken back, to be the next; it is not answered yet. */
void questions_put_back(struct questions *questions, struct question *question);

/* One that was taken, whose lookup has failed: its asker is told later. */
void questions_tell(struct questions *questions, struct question *question);

/* Fails all that wait. */
void questions_fail(struct questions *questions, const struct reason *reason);

/*
 * Whether one that is cancelled has had no answer in time: it is so short
 * before its deadline.
 */
bool questions_is_late(const struct question *question);

/* Forgets one that waits, or whose asker was to be told. */
void questions_forget(struct questions *questions, struct question *question);

#endif
