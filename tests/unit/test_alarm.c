/* SPDX-License-Identifier: MIT */
#include "support/check.h"

#include "lib/alarm.h"
#include <stdlib.h>

enum { COUNT = 500 };

static uv_loop_t loop;
static struct alarm alarms;
static struct due dues[COUNT];
static size_t fired;
static uint64_t last;
static int disorder;

static void fire(struct due *due)
{
        fired++;
        disorder |= due->when < last || due->slot != 0;
        disorder |= uv_now(&loop) < due->when;
        last = due->when;
}

static void set_up(void)
{
        fired = 0;
        last = 0;
        disorder = 0;
        CHECK_INT(uv_loop_init(&loop), 0);
        CHECK_INT(alarm_init(&alarms, &loop), 0);
        for (int n = 0; n < COUNT; n++) {
                CHECK_INT(alarm_join(&alarms), 0);
                dues[n] = (struct due){.fire = fire};
        }
}

static void tear_down(void)
{
        uv_close((uv_handle_t *)&alarms.timer, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), 0);
        alarm_fini(&alarms);
}

static uint64_t in(unsigned milliseconds)
{
        return uv_now(&loop) + milliseconds;
}

/* The loop ends by itself when nothing is set any more. */
static void fires_in_order(void)
{
        set_up();
        srand(1);
        for (int n = 0; n < COUNT; n++)
                alarm_set(&alarms, &dues[n], in((unsigned)rand() % 50));
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(fired, COUNT);
        CHECK(!disorder);
        tear_down();
}

static void clears_and_moves(void)
{
        set_up();
        srand(2);
        for (int n = 0; n < COUNT; n++)
                alarm_set(&alarms, &dues[n], in((unsigned)rand() % 50));
        for (int n = 0; n < COUNT; n += 2)
                alarm_clear(&alarms, &dues[n]);
        for (int n = 1; n < COUNT; n += 4)
                alarm_set(&alarms, &dues[n], in((unsigned)rand() % 50));
        alarm_clear(&alarms, &dues[0]);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(fired, COUNT / 2);
        CHECK(!disorder);
        tear_down();
}

static void sets_an_earlier_one(void)
{
        set_up();
        alarm_set(&alarms, &dues[0], in(3600 * 1000));
        alarm_set(&alarms, &dues[1], in(1));
        while (fired == 0) /* never waiting: the hour may be next */
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(dues[1].slot, 0);
        CHECK(dues[0].slot != 0);
        alarm_clear(&alarms, &dues[0]);
        CHECK_INT(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_INT(fired, 1);
        tear_down();
}

static void set_again(struct due *due)
{
        fired++;
        if (fired < 3)
                alarm_set(&alarms, due, in(1));
}

static void sets_from_within(void)
{
        set_up();
        dues[0].fire = set_again;
        alarm_set(&alarms, &dues[0], in(0));
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(fired, 3);
        tear_down();
}

int main(void)
{
        RUN(fires_in_order);
        RUN(clears_and_moves);
        RUN(sets_an_earlier_one);
        RUN(sets_from_within);
        return check_done();
}
