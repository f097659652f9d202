/* SPDX-License-Identifier: MIT */
/* From a request's name and key to its lookup function, inline or not. */
#ifndef LIB_ASKER_H
#define LIB_ASKER_H

#include "lib/connection.h"
#include "lib/counters.h"
#include "lib/held.h"
#include "lib/limits.h"
#include "lib/scope.h"

struct asker {
        const struct limits *limits;
        struct counters *counters;
        struct mailbox *mailbox;
        const struct scope *scope; /* a lookup may swap its maps */
        uint64_t deadline;         /* of the requests being asked */
        struct held *held;         /* out: the request, after ASKED_LATER */
};

/* Asks one request: the `ask` of a connection_host, with a struct asker. */
enum asked asker_ask(void *ctx, char *name, size_t name_size, char *key,
        size_t key_size, struct buffer *out);

/*
 * Appends the reply of a held request, and counts it. Returns 0 or -ENOMEM.
 */
int asker_append(
        struct asker *asker, const struct held *held, struct buffer *out);

/*
 * Answers TIMEOUT in place of a held request whose deadline has come, and
 * counts it. Returns 1 when the answer has been appended, 0 when the request
 * had been answered in time: its reply is in the mailbox; or -ENOMEM.
 */
int asker_expire(struct asker *asker, struct held *held, struct buffer *out);

/* How held requests run on worker threads. */
extern const struct job_type asker_job_type;

#endif
