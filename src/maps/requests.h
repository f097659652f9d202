/* SPDX-License-Identifier: MIT */
/*
 * The way of a request through a map's content, at once or later. On the
 * server's thread only.
 */
#ifndef MAPS_REQUESTS_H
#define MAPS_REQUESTS_H

#include "maps/content.h"
#include "maps/tally.h"

struct asked;

struct requests {
        struct tally *tally;
        struct events *events;
        struct ending ending; /* of those that are pending, if any */
        struct asked *pending;
        struct asked *unused; /* memory to use again */
        unsigned unused_count;
};

/*
 * Borrows both. What is pending when the events end is cancelled; events may be
 * NULL: then nothing is to be pending.
 */
void requests_begin(
        struct requests *requests, struct tally *tally, struct events *events);

/* Asks the content and replies, now or later. */
void requests_ask(struct requests *requests, struct content *content,
        struct socketmap_request *request);

/* Ends those that are pending: the server answers TEMP to them. */
void requests_cancel(struct requests *requests);

/* None may be pending. */
void requests_fini(struct requests *requests);

/*
 * What is replied to a lookup that is done. The text lives as the lookup's
 * value or reason does.
 */
struct outcome outcome_of(
        const struct content *content, const struct lookup *lookup);

#endif
