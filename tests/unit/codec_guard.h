/* SPDX-License-Identifier: MIT */
/*
 * Memory whose end is guarded: the byte behind it can't be touched, so a
 * decoder that reads one byte too many ends the test.
 */
#ifndef UNIT_CODEC_GUARD_H
#define UNIT_CODEC_GUARD_H

#include <stddef.h>

struct guard {
        char *end; /* the first byte that faults */
        size_t room;
};

/* Exits the test when there is no memory. */
void guard_init(struct guard *guard, size_t room);
void guard_fini(struct guard *guard);

/* Copies `size` bytes to just before the end; returns where they are. */
char *guard_place(struct guard *guard, const void *bytes, size_t size);

#endif
