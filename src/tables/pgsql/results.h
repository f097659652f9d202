/* SPDX-License-Identifier: MIT */
/*
 * The results of questions that were sent together. They come in the order of
 * the questions; each is whole before it is looked at. Nothing here waits.
 */
#ifndef TABLES_PGSQL_RESULTS_H
#define TABLES_PGSQL_RESULTS_H

#include "tables/pgsql/pipeline.h"

/* A result that is larger ends its connection, in bytes. */
#define RESULTS_MAX ((size_t)16 * 1024 * 1024)

/*
 * Reads what has come. Returns 0; -ENOTCONN with the reason; or -EFBIG with the
 * reason: the next result is too large, and the connection of no more use.
 */
int results_receive(struct pipeline *pipeline, struct reason *ret_reason);

/*
 * Takes the next answer. Returns 1: the question's lookup is answered, as the
 * verdict says; 0: there is no other yet; or as results_receive.
 */
int results_next(struct pipeline *pipeline, struct question **ret_question,
        enum pgsql_verdict *ret_verdict, struct reason *ret_reason);

/*
 * Makes a connection that is not busy ready for others: what the server has
 * said unasked is forgotten. Returns 0, or -ENOTCONN with the reason.
 */
int results_settle(struct pipeline *pipeline, struct reason *ret_reason);

#endif
