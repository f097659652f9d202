/* SPDX-License-Identifier: MIT */
#include "cli/histogram.h"

#include "support/check.h"

static struct histogram histogram;

static void reset(void)
{
        memset(&histogram, 0, sizeof(histogram));
}

static void test_empty(void)
{
        reset();
        CHECK_INT(histogram_quantile(&histogram, 0.5), 0);
}

/* Small values are kept as they are. */
static void test_exact(void)
{
        reset();
        for (uint64_t value = 1; value <= 100; value++)
                histogram_add(&histogram, value);
        CHECK_INT(histogram.total, 100);
        CHECK_INT(histogram_quantile(&histogram, 0.5), 50);
        CHECK_INT(histogram_quantile(&histogram, 0.99), 99);
        CHECK_INT(histogram_quantile(&histogram, 1), 100);
}

/* Every value comes back at most 1 % above, and never below. */
static void test_precision(void)
{
        for (int bit = 0; bit < 64; bit++) {
                for (uint64_t part = 0; part < 64; part++) {
                        uint64_t value = UINT64_C(1) << bit, got;

                        value += value / 64 * part;
                        reset();
                        histogram_add(&histogram, value);
                        /* The largest value is exact; let it not be this. */
                        histogram_add(&histogram, UINT64_MAX);
                        got = histogram_quantile(&histogram, 0.5);
                        CHECK(got >= value && got - value <= value / 100);
                }
        }
}

static void test_largest(void)
{
        reset();
        histogram_add(&histogram, 0);
        histogram_add(&histogram, 1000001);
        CHECK_INT(histogram_quantile(&histogram, 0.5), 0);
        CHECK_INT(histogram_quantile(&histogram, 1), 1000001);
        histogram_add(&histogram, UINT64_MAX);
        CHECK(histogram_quantile(&histogram, 1) == UINT64_MAX);
}

int main(void)
{
        RUN(test_empty);
        RUN(test_exact);
        RUN(test_precision);
        RUN(test_largest);
        return check_done();
}
