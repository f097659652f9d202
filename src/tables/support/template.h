/* SPDX-License-Identifier: MIT */
/*
 * Texts with %s in them: what Postfix's tables make their queries of, and their
 * results. In a query, all parts are those of the key:
 *
 *     %s %S  the whole key
 *     %u %U  what stands before its last '@'; the whole key without one
 *     %d %D  what stands behind it
 *     %1-%9  the labels of that, counted from the right
 *     %%     a '%'
 *
 * In a result, the lower case ones are parts of the value instead.
 */
#ifndef TABLES_SUPPORT_TEMPLATE_H
#define TABLES_SUPPORT_TEMPLATE_H

#include "base/arena.h"
#include "base/report.h"
#include <stdbool.h>

enum template_use { TEMPLATE_QUERY, TEMPLATE_RESULT };

/* What a key has to have, or there is no query for it. */
struct template_needs {
        bool user;       /* no '@' at its beginning */
        bool domain;     /* something behind its last '@' */
        unsigned labels; /* as many in the domain */
};

struct template_piece;

/* Constant once it is parsed: for any thread. */
struct template
{
        const struct template_piece *pieces; /* the arena's */
        size_t count;
        struct template_needs needs;
        bool wants_user, wants_domain; /* the same of a value */
        bool is_dynamic;               /* not always the same text */
};

/*
 * Parses a template; what it keeps is copied to the arena. Returns 0; -EINVAL
 * with the reason: an unknown letter behind a '%'; -ENOMEM with the reason.
 */
int template_parse(struct span text, enum template_use use, struct arena *arena,
        struct template *ret_template, struct reason *ret_reason);

/* Adds the needs of another template. */
void template_needs_add(
        struct template_needs *needs, const struct template_needs *more);

/* Whether a key has it all. The empty key never has. */
bool template_needs_met(const struct template_needs *needs, struct span key);

/*
 * Makes a part of a key fit for where it is put in. *ret_quoted may be the part
 * itself, or bytes of the arena. Returns 0 or a negative errno.
 */
typedef int template_quote(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

/*
 * Puts a key into a query. quote may be NULL: the parts go in as they are.
 * Returns 1; 0 when the key does not meet the template's needs: it is not found
 * without a query; -ENOMEM, or what quote returned. The text is the arena's,
 * with a NUL behind it.
 */
int template_expand_key(const struct template *template, struct span key,
        template_quote *quote, void *ctx, struct arena *arena,
        struct span *ret_text);

/*
 * Puts a value, and the key that it was found by, into a result. Returns 1; 0
 * when the value is empty, or value or key lack what the template needs: the
 * value is to be skipped; -ENOMEM. The text is the arena's, or the value.
 */
int template_expand_result(const struct template *template, struct span value,
        struct span key, struct arena *arena, struct span *ret_text);

#endif
