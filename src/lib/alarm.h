/* SPDX-License-Identifier: MIT */
/*
 * Things that are due at a time: a heap of them over one libuv timer, so that
 * setting and clearing one costs no system call and no allocation.
 *
 * Times are those of uv_now: CLOCK_MONOTONIC in milliseconds.
 */
#ifndef LIB_ALARM_H
#define LIB_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Part of what has a time. A zeroed one is not set. */
struct due {
        uint64_t when;
        size_t slot; /* place in the heap from 1; 0: not set */
        void (*fire)(struct due *due);
};

struct alarm {
        uv_timer_t timer;
        struct due **heap;
        size_t count; /* things that are set */
        size_t users; /* things that may be */
        size_t capacity;
        uint64_t armed; /* when the timer fires; UINT64_MAX: not at all */
};

/* Returns 0 or a negative errno of uv_timer_init. */
int alarm_init(struct alarm *alarm, uv_loop_t *loop);

/* Frees the heap; the timer has been closed by the caller. */
void alarm_fini(struct alarm *alarm);

/*
 * Makes room for one more thing that may be set, so that alarm_set never
 * fails; leave gives it back. Returns 0 or -ENOMEM.
 */
int alarm_join(struct alarm *alarm);
void alarm_leave(struct alarm *alarm);

/* Sets or moves; due->fire is called once, when that time has come. */
void alarm_set(struct alarm *alarm, struct due *due, uint64_t when);

/* Clears; nothing happens to one that is not set. */
void alarm_clear(struct alarm *alarm, struct due *due);

#endif
