/* SPDX-License-Identifier: MIT */
/* A piece of somebody else's bytes: not NUL-terminated, any value. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
        const char *data;
        size_t size;
};

#define SPAN_LITERAL(text) ((struct span){(text), sizeof(text) - 1})

static inline struct span span_of(const char *text)
{
        return (struct span){text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
        return a.size == b.size &&
               (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
