/* SPDX-License-Identifier: MIT */
/*
 * Connects to a server without waiting: finds its addresses, on a thread if
 * that may take long, and tries one after the other.
 */
#ifndef TABLES_SUPPORT_DIALER_H
#define TABLES_SUPPORT_DIALER_H

#include "tables/support/address.h"
#include "tables/table.h"

struct dialer;

/*
 * Copies the address. `done` is told of a connected descriptor, which it takes;
 * or of -1 and the reason. Any thread. Returns NULL when there is no memory.
 */
struct dialer *dialer_new(const struct table_env *env,
        const struct address *address,
        void (*done)(void *ctx, int fd, const struct reason *reason),
        void *ctx);

/*
 * Begins to connect, once at a time. Returns a connected descriptor;
 * -EINPROGRESS: done is called later, never inside of this; or another
 * negative errno with the reason. This and what follows: the events' thread.
 */
int dialer_start(struct dialer *dialer, struct reason *ret_reason);

/* Ends what has begun: done is not called. NULL does nothing. */
void dialer_close(struct dialer *dialer);

#endif
