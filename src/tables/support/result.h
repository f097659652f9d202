/* SPDX-License-Identifier: MIT */
/*
 * The result of a rule: text in which $1, ${1} or $(1) stands for what a group
 * of the pattern matched, and $$ for a dollar sign.
 */
#ifndef TABLES_SUPPORT_RESULT_H
#define TABLES_SUPPORT_RESULT_H

#include "base/arena.h"
#include "base/report.h"

struct result_piece;

struct result {
        char *text; /* without the groups */
        size_t size;
        struct result_piece *pieces; /* of text, each with a group behind it */
        size_t piece_count;
        unsigned groups; /* the highest number; 0: the text is all there is */
};

/*
 * Copies the text into a result. Returns 0; -EINVAL with the reason, which says
 * what to write; -ENOMEM with the reason. To be freed in any case.
 */
int result_parse(
        struct result *result, struct span text, struct reason *ret_reason);
void result_fini(struct result *result);

/*
 * Writes the result into the arena; group(ctx, n) tells what group n matched,
 * nothing if it did not. Text without groups is not copied: it lives as long
 * as the result. Returns 0 or -ENOMEM.
 */
int result_write(const struct result *result,
        struct span (*group)(void *ctx, unsigned number), void *ctx,
        struct arena *arena, struct span *ret_text);

#endif
