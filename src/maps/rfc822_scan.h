/* SPDX-License-Identifier: MIT */
/* The tokens of a list of addresses. */
#ifndef MAPS_RFC822_SCAN_H
#define MAPS_RFC822_SCAN_H

#include "base/arena.h"
#include "base/span.h"

/*
 * A special character is a token of its own value; NUL stands before the first
 * and behind the last one. Comments are no tokens.
 */
enum { TOKEN_END, TOKEN_ATOM = 256, TOKEN_QUOTED, TOKEN_LITERAL };

struct token {
        int type;
        struct span text; /* without quotes and backslashes */
};

static inline bool token_is_word(const struct token *token)
{
        return token->type >= TOKEN_ATOM;
}

/*
 * Reads all tokens of a list. *ret_tokens has one of type TOKEN_END before the
 * first and behind the last one of *ret_count. Returns 0 or -ENOMEM.
 */
int rfc822_scan(struct span list, struct arena *arena,
        struct token **ret_tokens, size_t *ret_count);

#endif
