/* SPDX-License-Identifier: MIT */
#include "daemon/refusals.h"
#include "support/check.h"

static struct refusals refusals;

static void reset(void)
{
        refusals = (struct refusals){0};
}

static void test_once_a_minute(void)
{
        reset();
        CHECK_INT(refusals_add(&refusals, 1000, "uid 1"), 1);
        CHECK_INT(refusals_add(&refusals, 1000, "uid 1"), 0);
        CHECK_INT(refusals_add(&refusals, 60999, "uid 1"), 0);
        CHECK_INT(refusals_add(&refusals, 61000, "uid 1"), 3);
        CHECK_INT(refusals_add(&refusals, 61001, "uid 1"), 0);
        CHECK_INT(refusals_add(&refusals, 500000, "uid 1"), 2);
}

static void test_each_source(void)
{
        reset();
        CHECK_INT(refusals_add(&refusals, 0, "uid 1"), 1);
        CHECK_INT(refusals_add(&refusals, 0, "uid 2"), 1);
        CHECK_INT(refusals_add(&refusals, 0, "uid 1"), 0);
        CHECK_INT(refusals_add(&refusals, 0, "uid 2"), 0);
}

/* The one told the longest ago makes room; the others are still known. */
static void test_many_sources(void)
{
        char source[32];

        reset();
        for (unsigned i = 0; i < REFUSALS_SOURCES; i++) {
                snprintf(source, sizeof(source), "uid %u", i);
                CHECK_INT(refusals_add(&refusals, i + 1, source), 1);
        }
        CHECK_INT(refusals_add(&refusals, 1000, "192.0.2.1"), 1);
        CHECK_INT(refusals_add(&refusals, 1000, "192.0.2.1"), 0);
        for (unsigned i = 1; i < REFUSALS_SOURCES; i++) {
                snprintf(source, sizeof(source), "uid %u", i);
                CHECK_INT(refusals_add(&refusals, 1000, source), 0);
        }
        CHECK_INT(refusals_add(&refusals, 1000, "uid 0"), 1);
}

int main(void)
{
        RUN(test_once_a_minute);
        RUN(test_each_source);
        RUN(test_many_sources);
        return check_done();
}
