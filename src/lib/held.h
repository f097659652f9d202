/* SPDX-License-Identifier: MIT */
/*
 * Requests that outlive their lookup function's call on the server's thread:
 * held ones, and those on worker threads. They are answered from any thread,
 * before or after the deadline, the end of the client or of the server.
 *
 * A mailbox is where other threads leave them for the server's thread. Its
 * mutex guards the shared part of every held request; it lives until the last
 * of them is released, which may be long after the server.
 */
#ifndef LIB_HELD_H
#define LIB_HELD_H

#include "lib/buffer.h"
#include "lib/generation.h"
#include "lib/request.h"
#include "lib/workers.h"
#include <stdbool.h>

enum held_state {
        HELD_OPEN,     /* waits for an answer */
        HELD_ANSWERED, /* reply and status are set, for good */
        HELD_EXPIRED,  /* the server has answered TIMEOUT */
        HELD_CANCELED  /* nobody wants an answer any more */
};

struct held {
        struct socketmap_request request; /* what a lookup function sees */
        struct mailbox *mailbox;
        struct generation *generation;

        /* Guarded by the mailbox's mutex. */
        enum held_state state;
        unsigned holds;
        bool posted;
        struct held *next_posted;

        /* Written once, by whoever set HELD_ANSWERED. */
        struct buffer reply;
        enum socketmap_status status;

        /* The server's thread only: the connection that waits, or NULL. */
        struct link *link;

        struct workers *workers; /* that it was handed to, or NULL */
        struct job job;

        char bytes[]; /* name, NUL, key, NUL */
};

struct mailbox;

/*
 * Creates a mailbox. wake(ctx) is called, from any thread, when something was
 * posted that the server's thread should look at. NULL: no memory.
 */
struct mailbox *mailbox_new(void (*wake)(void *ctx), void *ctx);

/*
 * Ends the server's part in it: wake isn't called any more, answers are
 * refused from now on, and what was posted is freed.
 */
void mailbox_close(struct mailbox *mailbox);

/* Returns how many answers came too late. Any thread. */
uint64_t mailbox_late(struct mailbox *mailbox);

/* What the server's thread finds in the mailbox. */
struct posted {
        struct held *held;
        bool answered; /* it has a reply that may have to be sent */
        bool last;     /* nobody holds it: free it with held_free */
};

/*
 * To be called before the mailbox is emptied: what is posted from now on wakes
 * the server's thread again.
 */
void mailbox_look(struct mailbox *mailbox);

/* Takes what was posted first. Returns false when there is nothing. */
bool mailbox_take(struct mailbox *mailbox, struct posted *ret_posted);

/*
 * Leaves a descriptor for the server's thread. Returns 0, -ENOMEM, or
 * -ECANCELED when the mailbox is closed.
 */
int mailbox_post_fd(struct mailbox *mailbox, int fd);

/* Takes a descriptor, or returns -1. */
int mailbox_take_fd(struct mailbox *mailbox);

/*
 * Copies a request of the stack to the heap, with one hold. It takes a
 * reference to the generation. Returns NULL when there is no memory.
 */
struct held *held_new(const struct socketmap_request *request,
        struct mailbox *mailbox, struct generation *generation);

/* Frees one that nobody holds, with its reference to the generation. */
void held_free(struct held *held);

/* Returns how many bytes of memory it takes. */
size_t held_size(const struct held *held);

/*
 * Closes it for answers. Returns false when it has been answered before: then
 * the answer is in the mailbox.
 */
bool held_close(struct held *held, enum held_state state);

/* Tells whether it still waits for an answer. */
bool held_is_open(struct held *held);

/* What the public functions do on a held request. */
int held_reply(struct held *held, enum socketmap_status status,
        const void *text, size_t size);
void held_hold(struct held *held);
void held_release(struct held *held);

#endif
