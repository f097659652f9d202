/* SPDX-License-Identifier: MIT */
/* Events with a loop and a thread of their own. */
#ifndef BASE_EVENTS_THREAD_H
#define BASE_EVENTS_THREAD_H

#include "base/events.h"

struct events_thread;

/*
 * Starts a thread that runs a loop until it is told to end; signals are for
 * other threads. Returns 0 or a negative errno.
 */
int events_thread_start(struct events_thread **ret_thread);

/* The thread's, until it ends: others may only post to them. */
struct events *events_thread_events(struct events_thread *thread);

/*
 * Has the thread run what was posted, and `last`, where all that was made on
 * these events is to be freed, and then end, without waiting for it.
 */
void events_thread_end(struct events_thread *thread, struct post *last);

#endif
