/* SPDX-License-Identifier: MIT */
/*
 * A request as its lookup function sees it. The one of an inline map lies on
 * the stack of the server's thread and replies straight into the buffer that
 * is sent next; hold copies it to the heap (lib/held.h).
 */
#ifndef LIB_REQUEST_H
#define LIB_REQUEST_H

#include "lib/buffer.h"
#include <socketmap/request.h>
#include <stdbool.h>

struct held;

struct socketmap_request {
        const char *name;
        size_t name_size;
        const char *key;
        size_t key_size;
        uint64_t deadline; /* CLOCK_MONOTONIC, ms */
        size_t reply_limit;
        struct held *held; /* its copy on the heap (itself, if it is one) */
        struct inline_call *call; /* on the stack only */
};

struct mailbox;
struct generation;

/* What an inline lookup needs besides the request. */
struct inline_call {
        struct buffer *out;
        struct mailbox *mailbox;
        struct generation *generation;
        bool answered;
        enum socketmap_status status; /* of what was appended to out */
        int error;                    /* -ENOMEM: nothing could be appended */
};

#endif
