/* SPDX-License-Identifier: MIT */
/* What tables a text names: a list as `postconf -hx` prints it. */
#ifndef TABLES_SPEC_H
#define TABLES_SPEC_H

#include "base/span.h"

struct table_type;

/*
 * Calls `leaf` for each table that is not made of others, at any depth that a
 * table can be opened at; for what is no TYPE:ARGUMENT of a type there is, with
 * all of it and NULL as the type. Stops when leaf returns another value than 0,
 * and returns that.
 */
int spec_walk(struct span text,
        int (*leaf)(
                void *ctx, const struct table_type *type, struct span argument),
        void *ctx);

#endif
