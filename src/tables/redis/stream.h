/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis: commands out, replies in, read by hiredis. Nothing
 * here waits.
 */
#ifndef TABLES_REDIS_STREAM_H
#define TABLES_REDIS_STREAM_H

#include "base/report.h"
#include "tables/support/channel.h"
#include <stdbool.h>

/* The largest reply that is taken, and the most values in it. */
#define REDIS_REPLY_MAX ((size_t)8 * 1024 * 1024)
#define REDIS_VALUES_MAX ((size_t)1024 * 1024)

enum redis_kind { REDIS_NIL, REDIS_VALUE, REDIS_LIST, REDIS_ERROR };

/* A value of a reply, within its text. */
struct redis_value {
        size_t begin, size;
        bool is_nil;
};

/*
 * One reply. Lists in lists are one list. An error, wherever it is, is the
 * whole reply, and its last value says what is wrong.
 */
struct redis_reply {
        enum redis_kind kind;
        struct bytes text;
        struct redis_value *values;
        size_t count, capacity;
        bool is_too_large;
};

struct redis_stream {
        struct channel channel; /* out is for whoever asks */
        struct redisReader *reader;
        struct redis_reply reply;
        bool is_whole; /* the reply */
        bool is_begun; /* another one: something of it has come */
};

/* Takes a connected descriptor. Returns NULL when there is no memory. */
struct redis_stream *redis_stream_new(int fd);

/* NULL does nothing. */
void redis_stream_free(struct redis_stream *stream);

/* Sends what is in `out`. As channel_send. */
int redis_stream_send(struct redis_stream *stream);

/* Receives what has come. As channel_receive. */
int redis_stream_receive(struct redis_stream *stream);

/*
 * Takes the next reply, which is there until the next call. Returns 1; 0: it is
 * not whole yet; -EBADMSG: what has come is no reply, or -EMSGSIZE: it is too
 * large, both with the reason, and the stream is of no more use.
 */
int redis_stream_next(struct redis_stream *stream,
        const struct redis_reply **ret_reply, struct reason *ret_reason);

/*
 * Says whether nothing has come but whole replies, all of them taken. What is
 * there before a question is not its answer.
 */
bool redis_stream_is_quiet(const struct redis_stream *stream);

/* A value of a reply; data is NULL for nil. */
struct span redis_value(const struct redis_reply *reply, size_t number);

#endif
