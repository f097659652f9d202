/* SPDX-License-Identifier: MIT */
/*
 * What happens later: descriptors that become ready, times that come, calls
 * from other threads. An event loop for those who must not know whose it is.
 *
 * It belongs to one thread, the one that runs the loop; only events_post is for
 * any thread. Callbacks run on that thread, never inside of a call of these.
 */
#ifndef BASE_EVENTS_H
#define BASE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

struct events;
struct event;
struct uv_loop_s;

/*
 * On a loop of the caller's, which has to outlive it. Returns NULL when there
 * is no memory or descriptor. It does not keep the loop alive by itself.
 */
struct events *events_new(struct uv_loop_s *loop);

/*
 * Runs the endings and what was posted until nothing is left of either, and
 * ends: nothing can be posted any more. All events have to be freed before, or
 * by that. The loop has to run once more to let go of it. NULL does nothing.
 */
void events_free(struct events *events);

/* A call at the end, in somebody's own struct. */
struct ending {
        void (*run)(struct ending *ending);
        LIST_ENTRY(ending) link; /* the list's own */
};

/*
 * Has ending->run called by events_free, for what must not be under way any
 * more; run has to take it back itself. On the loop's thread.
 */
void events_at_end(struct events *events, struct ending *ending);
void ending_take_back(struct ending *ending);

/*
 * Says that nobody waits any more for what other threads do for these events:
 * those that can had better end it. Any thread.
 */
void events_cease(struct events *events);
bool events_have_ceased(const struct events *events);

/* For threads that may post when it has ended. Any thread. */
struct events *events_ref(struct events *events);
void events_unref(struct events *events);

/* A call for the loop's thread, in somebody's own struct. */
struct post {
        void (*run)(struct post *post);
        struct post *next; /* the list's own */
};

/*
 * Has post->run called, soon, once, in the order of posting. Any thread.
 * Returns false when the events have ended: then it is never called, and what
 * would have been freed by it is the caller's.
 */
bool events_post(struct events *events, struct post *post);

/*
 * Likewise, but does not wake the loop up: post->run is called with the next
 * one that does, by events_look or after events_wake. For one of many.
 */
bool events_leave(struct events *events, struct post *post);

/* Wakes the loop up for what was left. Any thread. */
void events_wake(struct events *events);

/* Calls what is posted and left. On the loop's thread, in a callback. */
void events_look(struct events *events);

/*
 * Has post->run called, once, at the end of this turn of the loop: when all
 * descriptors that were ready have been served. Only on the loop's thread, and
 * not after events_free, which may forget it. events_undefer takes it back; it
 * does nothing when it was called already.
 */
void events_defer(struct events *events, struct post *post);
void events_undefer(struct events *events, struct post *post);

enum { EVENT_READ = 1, EVENT_WRITE = 2 };

/*
 * An event of one kind or the other, or both: descriptor and time. `ready` is
 * called with what the descriptor is ready for (an error of it is: for both),
 * `due` when the time has come. Returns NULL when there is no memory.
 */
struct event *event_new(struct events *events,
        void (*ready)(void *ctx, unsigned what), void (*due)(void *ctx),
        void *ctx);

/*
 * Waits for a descriptor to be ready for `what`, again and again until told
 * otherwise; 0: not any more, as it has to be before the descriptor is closed.
 * Returns 0 or a negative errno.
 */
int event_watch(struct event *event, int fd, unsigned what);

/* Waits for a time, once: CLOCK_MONOTONIC, milliseconds. UINT64_MAX: never. */
void event_at(struct event *event, uint64_t time);

/* No callback comes after it. NULL does nothing. */
void event_free(struct event *event);

/* Now, CLOCK_MONOTONIC, in milliseconds. */
uint64_t events_now(void);

/* Such a time for whoever waits on a condition of that clock. */
struct timespec events_timespec(uint64_t time);

#endif
