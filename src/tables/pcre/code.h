/* SPDX-License-Identifier: MIT */
/*
 * A regular expression of PCRE2, and what is known of all that it matches: for
 * most keys it can be told without a call that they are none of it.
 */
#ifndef TABLES_PCRE_CODE_H
#define TABLES_PCRE_CODE_H

#include "base/report.h"
#include <stdbool.h>
#include <stdint.h>

/* Letters count in lower case. */
struct pcre_code {
        struct pcre2_real_code_8 *code;
        uint32_t least; /* bytes */
        int first;      /* the byte that it begins with; -1: not known */
        int needed;     /* a byte that is in it; -1: not known */
        bool is_anchored;
};

/* Which bytes there are in a key, a bit each, letters in lower case. */
struct pcre_bytes {
        uint64_t bits[256 / 64];
};

/*
 * Compiles a pattern with options of PCRE2, into machine code where that is
 * possible. Returns NULL with the reason: -ENOMEM, or what is wrong with it.
 */
struct pcre_code *pcre_compile(const char *text, uint32_t options,
        unsigned *ret_groups, struct reason *ret_reason);
void pcre_free(struct pcre_code *code);

struct pcre_bytes pcre_bytes_of(struct span key);

/* Returns false for a key that the pattern does not match. */
bool pcre_may_match(const struct pcre_code *code,
        const struct pcre_bytes *bytes, struct span key);

/* Returns the message for an error of PCRE2, in the buffer. */
const char *pcre_message(int error, char *buffer, size_t size);

#endif
