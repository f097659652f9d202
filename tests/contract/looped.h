/* SPDX-License-Identifier: MIT */
/* Asking tables on an event loop, where answers may come later. */
#ifndef CONTRACT_LOOPED_H
#define CONTRACT_LOOPED_H

#include "tables/table.h"

/* How many lookups may wait, of tables opened from now on; at first 100. */
extern unsigned looped_queue;

/* Opens a table that may pend, with that many threads of its own. */
struct table *looped_open(
        const char *spec, unsigned threads, struct reason *ret_reason);

/* One lookup on its way. */
struct asked {
        struct lookup lookup; /* first */
        struct arena arena;
        bool is_finished; /* by its finish, after it was pending */
};

/* Begins a lookup; milliseconds: from now to its deadline, 0 for none. */
enum progress asked_start(struct asked *asked, struct table *table,
        struct span key, unsigned milliseconds);

/* Runs the loop until the lookup is finished. */
void asked_wait(struct asked *asked);

/* Runs what is due on the loop, without waiting. */
void looped_turn(void);

void asked_fini(struct asked *asked);

/* Ends the loop, after the last table was closed. */
void looped_end(void);

#endif
