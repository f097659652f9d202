/* SPDX-License-Identifier: MIT */
#include "lib/alarm.h"

#include <errno.h>
#include <stdlib.h>

static void on_timer(uv_timer_t *timer);

int alarm_init(struct alarm *alarm, uv_loop_t *loop)
{
        *alarm = (struct alarm){.armed = UINT64_MAX};
        return uv_timer_init(loop, &alarm->timer);
}

void alarm_fini(struct alarm *alarm)
{
        free(alarm->heap);
        alarm->heap = NULL;
}

int alarm_join(struct alarm *alarm)
{
        size_t capacity = alarm->capacity > 0 ? 2 * alarm->capacity : 16;
        struct due **heap;

        if (alarm->users + 1 >= alarm->capacity) { /* slot 0 is never used */
                heap = realloc(alarm->heap, capacity * sizeof(*heap));
                if (heap == NULL)
                        return -ENOMEM;
                alarm->heap = heap;
                alarm->capacity = capacity;
        }
        alarm->users++;
        return 0;
}

void alarm_leave(struct alarm *alarm)
{
        alarm->users--;
}

/* Puts a due into a slot. */
static void place(struct alarm *alarm, struct due *due, size_t slot)
{
        alarm->heap[slot] = due;
        due->slot = slot;
}

/* Moves the due of a slot to where its time belongs. */
static void sift(struct alarm *alarm, size_t slot)
{
        struct due *due = alarm->heap[slot];

        while (slot > 1 && due->when < alarm->heap[slot / 2]->when) {
                place(alarm, alarm->heap[slot / 2], slot);
                slot /= 2;
        }
        while (2 * slot <= alarm->count) {
                size_t child = 2 * slot;

                if (child < alarm->count &&
                        alarm->heap[child + 1]->when < alarm->heap[child]->when)
                        child++;
                if (due->when <= alarm->heap[child]->when)
                        break;
                place(alarm, alarm->heap[child], slot);
                slot = child;
        }
        place(alarm, due, slot);
}

/*
 * Lets the timer fire in time for the first due. It is only ever moved
 * forward: one that fires too early finds nothing to do and is set anew, which
 * is far rarer than a request that is answered before its deadline.
 */
static void arm(struct alarm *alarm)
{
        uint64_t now = uv_now(alarm->timer.loop), when;

        if (alarm->count == 0)
                return;
        when = alarm->heap[1]->when;
        if (when >= alarm->armed)
                return;
        alarm->armed = when;
        uv_timer_start(&alarm->timer, on_timer, when > now ? when - now : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
        struct alarm *alarm = (struct alarm *)timer; /* its first member */
        uint64_t now = uv_now(timer->loop);

        alarm->armed = UINT64_MAX;
        while (alarm->count > 0 && alarm->heap[1]->when <= now) {
                struct due *due = alarm->heap[1];

                alarm_clear(alarm, due);
                due->fire(due);
        }
        arm(alarm);
}

void alarm_set(struct alarm *alarm, struct due *due, uint64_t when)
{
        due->when = when;
        if (due->slot == 0)
                place(alarm, due, ++alarm->count);
        sift(alarm, due->slot);
        arm(alarm);
}

void alarm_clear(struct alarm *alarm, struct due *due)
{
        struct due *last;
        size_t slot = due->slot;

        if (slot == 0)
                return;
        due->slot = 0;
        last = alarm->heap[alarm->count--];
        if (last != due) {
                place(alarm, last, slot);
                sift(alarm, slot);
        }
        if (alarm->count == 0 && alarm->armed != UINT64_MAX) {
                /* A timer nobody waits for must not keep a loop alive. */
                uv_timer_stop(&alarm->timer);
                alarm->armed = UINT64_MAX;
        }
}
