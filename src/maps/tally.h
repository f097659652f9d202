/* SPDX-License-Identifier: MIT */
/*
 * Counting the answers of a map, timing some of them, and telling them to an
 * observer. Written on the server's thread only; read on any.
 */
#ifndef MAPS_TALLY_H
#define MAPS_TALLY_H

#include "base/span.h"
#include "maps/counts.h"
#include <socketmap/request.h>
#include <stdatomic.h>

struct map;

/*
 * One that wants to know of each answer. `answered` runs after the reply; key
 * and text are borrowed. nanoseconds: from the lookup function's call to the
 * reply. The text of a secret map is given too: look at its options.
 */
struct map_observer {
        void (*answered)(void *ctx, const struct map *map, struct span key,
                enum socketmap_status status, struct span text,
                uint64_t nanoseconds);
        void *ctx;
};

struct tally {
        const struct map *map; /* whose it is, for the observer */
        const struct map_observer *_Atomic observer;
        _Atomic uint64_t counts[MAP_COUNTERS];
        _Atomic uint64_t latency[MAP_LATENCY_BUCKETS];
        unsigned turn;      /* to the next sample */
        struct tally *heir; /* counts from now on; NULL: this one */
};

/* What is replied. */
struct outcome {
        enum socketmap_status status;
        struct span text;
};

void tally_add(struct tally *tally, enum map_counter counter, uint64_t amount);

/* Goes on where another one is, and counts what comes to that one, too: this
 * one has to live as long. */
void tally_inherit(struct tally *tally, struct tally *former);

/* Any thread. */
void tally_get(const struct tally *tally, struct map_counts *ret_counts);

/* Returns when a lookup began, or 0 when that is not asked for. */
uint64_t tally_begin(struct tally *tally);

/* Replies, and counts what came of it. begin: from tally_begin. */
void tally_reply(struct tally *tally, struct socketmap_request *request,
        const struct outcome *outcome, uint64_t begin);

#endif
