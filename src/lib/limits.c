/* SPDX-License-Identifier: MIT */
#include "lib/limits.h"

#include <errno.h>
#include <limits.h>
#include <socketmap/protocol.h>
#include <sys/socket.h>

#define MIB ((uint64_t)1 << 20)
#define DAY ((uint64_t)24 * 3600 * 1000)

struct range {
        uint64_t fallback;
        uint64_t least;
        uint64_t most;
};

static const struct range ranges[] = {
        [SOCKETMAP_LIMIT_REQUEST_SIZE] = {SOCKETMAP_REQUEST_SIZE_MAX, 1,
                16 * MIB},
        /* 64 bytes hold every status with a word of reason. */
        [SOCKETMAP_LIMIT_REPLY_SIZE] = {SOCKETMAP_REPLY_SIZE_MAX, 64, 16 * MIB},
        /* Postfix gives up at 100 s, and then fails all its lookups. */
        [SOCKETMAP_LIMIT_DEADLINE] = {4000, 1, 90000},
        [SOCKETMAP_LIMIT_PARTIAL] = {100000, 1, DAY},
        [SOCKETMAP_LIMIT_STALL] = {100000, 1, DAY},
        [SOCKETMAP_LIMIT_CONNECTIONS] = {4096, 1, 1000000},
        [SOCKETMAP_LIMIT_MEMORY] = {32 * MIB, 4096, (uint64_t)1 << 40},
        [SOCKETMAP_LIMIT_BACKLOG] = {SOMAXCONN, 1, INT_MAX},
};

#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

_Static_assert(RANGES == SOCKETMAP_LIMIT_BACKLOG + 1, "a range for each limit");

void limits_init(struct limits *limits)
{
        for (size_t n = 0; n < RANGES; n++)
                limits->value[n] = ranges[n].fallback;
}

int limits_set(
        struct limits *limits, enum socketmap_limit limit, uint64_t value)
{
        size_t n = (size_t)limit;

        if (n == 0 || n >= RANGES)
                return -EINVAL;
        if (value < ranges[n].least || value > ranges[n].most)
                return -ERANGE;
        limits->value[n] = value;
        return 0;
}
