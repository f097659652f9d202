/* SPDX-License-Identifier: MIT */
/*
 * The way of a request through a map's content, at once or later. On the
 * server's thread only.
 */
#ifndef MAPS_QUESTIONS_H
#define MAPS_QUESTIONS_H

#include "maps/content.h"
#include "maps/tally.h"

struct question;

struct questions {
        struct tally *tally;
        struct events *events;
        struct ending ending; /* of those that are pending, if any */
        struct question *pending;
        struct question *unused; /* memory to use again */
        unsigned unused_count;
};

/*
 * Borrows both. What is pending when the events end is cancelled; events may be
 * NULL: then nothing is to be pending.
 */
void questions_begin(struct questions *questions, struct tally *tally,
        struct events *events);

/* Asks the content and replies, now or later. */
void questions_ask(struct questions *questions, struct content *content,
        struct socketmap_request *request);

/* Ends those that are pending: the server answers TEMP to them. */
void questions_cancel(struct questions *questions);

/* None may be pending. */
void questions_fini(struct questions *questions);

/*
 * What is replied to a lookup that is done. The text lives as the lookup's
 * value or reason does.
 */
struct outcome outcome_of(
        const struct content *content, const struct lookup *lookup);

#endif
