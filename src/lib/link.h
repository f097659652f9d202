/* SPDX-License-Identifier: MIT */
/*
 * A connection's socket: libuv says when it is ready, recv and send are ours.
 * An inline lookup costs one of each.
 */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include "lib/connection.h"
#include "lib/core.h"

struct link {
        uv_poll_t poll; /* first, so that its handle is the link */
        struct core *core;
        struct scope *scope;
        struct peer *peer;
        struct link *older;
        struct link *newer;
        struct connection connection;
        struct held *waiting; /* the request that is being looked up */
        struct buffer unsent; /* replies that the socket didn't take */
        size_t sent;          /* bytes of unsent that it has taken since */
        struct due due;       /* the next of what may take too long */
        uint64_t received;    /* when bytes came last */
        uint64_t used;        /* when a request was answered last; 0: never */
        uint64_t since;       /* when a partial request or a stall began */
        size_t charged;       /* its share of core->memory */
        int fd;
        int events;       /* that libuv watches */
        bool partial;     /* a request has begun to arrive */
        bool half_closed; /* the client sends no more */
        bool finishing;   /* all is said: it waits for the client's end */
};

/*
 * Serves a connected, non-blocking socket. Takes the descriptor, also on
 * failure. Returns 0 or a negative errno; the new link is core->newest.
 */
int link_open(struct core *core, struct scope *scope, int fd);

/*
 * Gives a new link bytes that another process has received. It goes on with
 * them when its socket is found writable: not here, since this may be called
 * from a lookup of another connection. Returns 0, or -ENOMEM and has closed it.
 */
int link_feed(struct link *link, const void *bytes, size_t size);

/* Gives the connection to core->receiver if nothing is under way on it. */
void link_give(struct link *link);

/* Closes at once; a request under way is cancelled. */
void link_close(struct link *link);

/* The answer of link->waiting has come: sends it and goes on. */
void link_answer(struct link *link);

/* Reads what has arrived, answers it, and closes. */
void link_drain(struct link *link);

/* Tells whether closing it loses no reply that is owed. */
bool link_is_idle(const struct link *link);

#endif
