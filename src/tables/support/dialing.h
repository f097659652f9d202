/* SPDX-License-Identifier: MIT */
/*
 * To which of a table's hosts its next connection is made, one at a time. A
 * host that fails rests; when they all do, the end of that is told.
 *
 * How a connection is made is the owner's own. On the events' thread, but for
 * dialing_init.
 */
#ifndef TABLES_SUPPORT_DIALING_H
#define TABLES_SUPPORT_DIALING_H

#include "tables/support/hosts.h"

struct dialing {
        struct hosts *hosts;
        struct host *host; /* being connected to; NULL: none is */
        struct events *events;
        struct event *event; /* for the end of the hosts' rest */
        int (*start)(
                void *ctx, const struct host *host, struct reason *ret_reason);
        void (*rested)(void *ctx);
        void *ctx; /* the owner's */
};

/*
 * start: begins to connect. It returns 0: dialing_end is called later; or a
 * negative errno with the reason. rested: a host may be tried again, of those
 * that dialing_want has found at rest.
 */
void dialing_init(struct dialing *dialing, struct events *events,
        struct hosts *hosts,
        int (*start)(
                void *ctx, const struct host *host, struct reason *ret_reason),
        void (*rested)(void *ctx), void *ctx);

/* Has its event made, before all that follows. Returns 0 or -ENOMEM. */
int dialing_open(struct dialing *dialing);

/* Also if it was not opened. */
void dialing_close(struct dialing *dialing);

/* Has a connection made, unless one is being made, or all hosts rest. */
void dialing_want(struct dialing *dialing);

/*
 * It is over with the host that was being connected to, which is returned.
 * failure: why it rests now; NULL: it is connected.
 */
struct host *dialing_end(struct dialing *dialing, const struct reason *failure);

/* Says why no connection will be made now; NULL: there may be one soon. */
const struct reason *dialing_obstacle(const struct dialing *dialing);

#endif
