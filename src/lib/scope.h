/* SPDX-License-Identifier: MIT */
/* Which maps a listener and its connections serve. */
#ifndef LIB_SCOPE_H
#define LIB_SCOPE_H

#include "lib/generation.h"

struct scope {
        struct scope *next;
        const struct scope *parent;    /* whose maps it has without its own */
        struct generation *generation; /* its own maps, or NULL */
        char *name;                    /* the listener's, or NULL */
        size_t users;                  /* listeners and connections */
};

/* Returns the name of the listener, or "". */
static inline const char *scope_name(const struct scope *scope)
{
        return scope->name != NULL ? scope->name : "";
}

static inline struct generation *scope_generation(const struct scope *scope)
{
        if (scope->generation == NULL && scope->parent != NULL)
                return scope->parent->generation;
        return scope->generation;
}

#endif
