/* SPDX-License-Identifier: MIT */
/* What a server counts: written by its own thread, read by any. */
#ifndef LIB_COUNTERS_H
#define LIB_COUNTERS_H

#include <socketmap/protocol.h>
#include <socketmap/server.h>
#include <stdatomic.h>

struct counters {
        _Atomic uint64_t value[SOCKETMAP_COUNT_LATE + 1];
};

/* One writer: a plain load and store, without the cost of a locked add. */
static inline void counters_add(struct counters *counters,
        enum socketmap_counter counter, uint64_t amount)
{
        _Atomic uint64_t *value = &counters->value[counter];

        atomic_store_explicit(value,
                atomic_load_explicit(value, memory_order_relaxed) + amount,
                memory_order_relaxed);
}

static inline uint64_t counters_get(
        const struct counters *counters, enum socketmap_counter counter)
{
        return atomic_load_explicit(
                &counters->value[counter], memory_order_relaxed);
}

/* Counts a reply that leaves with this status. */
static inline void counters_add_reply(
        struct counters *counters, enum socketmap_status status)
{
        counters_add(counters,
                (enum socketmap_counter)(
                        SOCKETMAP_COUNT_OK + (status - SOCKETMAP_OK)),
                1);
}

#endif
