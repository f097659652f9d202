/* SPDX-License-Identifier: MIT */
/* A server's limits, their defaults and their ranges. */
#ifndef LIB_LIMITS_H
#define LIB_LIMITS_H

#include <socketmap/server.h>

struct limits {
        uint64_t value[SOCKETMAP_LIMIT_BACKLOG + 1];
};

void limits_init(struct limits *limits);

/* Returns 0, -EINVAL (no such limit) or -ERANGE. */
int limits_set(
        struct limits *limits, enum socketmap_limit limit, uint64_t value);

static inline uint64_t limits_get(
        const struct limits *limits, enum socketmap_limit limit)
{
        return limits->value[limit];
}

#endif
