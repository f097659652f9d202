/* SPDX-License-Identifier: MIT */
#include "maps/tally.h"
#include <errno.h>
#include <time.h>

/* Of so many lookups one is timed: reading the clock costs more than all else
 * that is counted. */
#define LOOKUPS_A_SAMPLE 64

/* Only one thread writes: it needs no locked add. */
static void add(_Atomic uint64_t *value, uint64_t amount)
{
        atomic_store_explicit(value,
                atomic_load_explicit(value, memory_order_relaxed) + amount,
                memory_order_relaxed);
}

static struct tally *last_heir(struct tally *tally)
{
        while (tally->heir != NULL)
                tally = tally->heir;
        return tally;
}

void tally_add(struct tally *tally, enum map_counter counter, uint64_t amount)
{
        tally = last_heir(tally);
        add(&tally->counts[counter], amount);
}

void tally_get(const struct tally *tally, struct map_counts *ret_counts)
{
        for (size_t n = 0; n < MAP_COUNTERS; n++)
                ret_counts->value[n] = atomic_load_explicit(
                        &tally->counts[n], memory_order_relaxed);
        for (size_t n = 0; n < MAP_LATENCY_BUCKETS; n++)
                ret_counts->latency[n] = atomic_load_explicit(
                        &tally->latency[n], memory_order_relaxed);
}

void tally_inherit(struct tally *tally, struct tally *former)
{
        struct map_counts counts;

        tally_get(former, &counts);
        for (size_t n = 0; n < MAP_COUNTERS; n++)
                add(&tally->counts[n], counts.value[n]);
        for (size_t n = 0; n < MAP_LATENCY_BUCKETS; n++)
                add(&tally->latency[n], counts.latency[n]);
        former->heir = tally;
}

/* Never 0, which stands for a lookup that is not timed. */
static uint64_t nanoseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec + 1;
}

uint64_t tally_begin(struct tally *tally)
{
        if (tally->turn++ % LOOKUPS_A_SAMPLE != 0 &&
                atomic_load_explicit(&tally->observer, memory_order_acquire) ==
                        NULL)
                return 0;
        return nanoseconds();
}

static size_t bucket_of(uint64_t time)
{
        size_t bucket = 0;

        while ((time >>= 1) != 0 && bucket < MAP_LATENCY_BUCKETS - 1)
                bucket++;
        return bucket;
}

__attribute__((noinline)) static void tell_time(struct tally *tally,
        const struct socketmap_request *request, const struct outcome *outcome,
        uint64_t begin)
{
        struct span key = {socketmap_request_key(request),
                socketmap_request_key_size(request)};
        const struct map_observer *observer =
                atomic_load_explicit(&tally->observer, memory_order_acquire);
        uint64_t time = nanoseconds() - begin;

        add(&last_heir(tally)->latency[bucket_of(time)], 1);
        if (observer != NULL)
                observer->answered(observer->ctx, tally->map, key,
                        outcome->status, outcome->text, time);
}

/* A map has no other replies than the first three. */
_Static_assert(
        MAP_COUNT_NOTFOUND - MAP_COUNT_OK ==
                        SOCKETMAP_NOTFOUND - SOCKETMAP_OK &&
                MAP_COUNT_TEMP - MAP_COUNT_OK == SOCKETMAP_TEMP - SOCKETMAP_OK,
        "the counters of replies are in the order of the statuses");

static enum map_counter counter_of(enum socketmap_status status, int replied)
{
        if (replied == 0)
                return (enum map_counter)(
                        MAP_COUNT_OK + (status - SOCKETMAP_OK));
        if (replied == -ETIMEDOUT)
                return MAP_COUNT_LATE;
        if (replied == -ECANCELED)
                return MAP_COUNT_CANCELED;
        return MAP_COUNT_TEMP; /* the server has sent it in its place */
}

void tally_reply(struct tally *tally, struct socketmap_request *request,
        const struct outcome *outcome, uint64_t begin)
{
        int r = socketmap_reply(request, outcome->status, outcome->text.data,
                outcome->text.size);

        tally_add(tally, counter_of(outcome->status, r), 1);
        if (begin != 0)
                tell_time(tally, request, outcome, begin);
}
