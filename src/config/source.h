/* SPDX-License-Identifier: MIT */
/* The text of the files that a configuration is made of. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "base/arena.h"
#include "base/report.h"
#include <stdbool.h>

struct source {
        const char *file;      /* as in the places of what stands in it */
        const char *directory; /* the absolute one it is in */
        const char *path;      /* the absolute one, without symbolic links */
        struct span text;
        const struct source *parent; /* includes it; NULL: none */
        size_t number;               /* in the order of reading */
        size_t *lines;               /* where each begins; made when needed */
        size_t line_count;
        struct source *next;
};

/*
 * Reads a file whole, into the arena; `file` is borrowed. Only one that is not
 * included may be something else than a regular file, under a name such as
 * /dev/stdin or /dev/fd/3. Returns 0, or a negative errno with the reason.
 */
int source_read(const char *file, bool is_included, struct arena *arena,
        struct source **ret_source, struct reason *ret_reason);

/* Returns a line, from 1, without its newline; empty when there is none. */
struct span source_line(
        struct source *source, struct arena *arena, size_t line);

/*
 * Returns where a byte of a logical line stands that is `offset` bytes behind
 * `place`, by the rules of base/lines.h.
 */
struct place source_advance(struct source *source, struct arena *arena,
        struct place place, size_t offset);

#endif
