/* SPDX-License-Identifier: MIT */
/* Finding kinds of sections and their options, and naming them in messages. */
#ifndef CONFIG_KINDS_H
#define CONFIG_KINDS_H

#include "config/options.h"

/* A part of a message. */
struct phrase {
        char text[256];
};

/* Returns the kind of that name, or NULL. */
const struct section_kind *kind_find(struct span name);

/* Returns the number of an option, or option_count. */
size_t kind_find_option(const struct section_kind *kind, struct span name);

/* Says what was meant, and what there is, where there is no such kind. */
struct phrase kind_explain(struct span name);

/*
 * Says where an option belongs that this kind hasn't got, or which one was
 * meant.
 */
struct phrase kind_explain_option(
        const struct section_kind *kind, struct span name);

/* How a heading of this kind is written; name: not looked at without one. */
struct phrase kind_format(const struct section_kind *kind, const char *name);

#endif
