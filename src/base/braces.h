/* SPDX-License-Identifier: MIT */
/*
 * Lists and braces as Postfix writes them in main.cf: words are separated by
 * commas and blanks, and what stands between balanced {} is never split.
 */
#ifndef BASE_BRACES_H
#define BASE_BRACES_H

#include "base/report.h"
#include "base/span.h"

/* isspace() of the C locale, whatever the locale is. */
static inline bool byte_is_space(char byte)
{
        return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Returns the text without the white space at both ends. */
struct span trim(struct span text);

/*
 * Returns how many bytes the balanced {...} at the beginning has, braces
 * included; 0 when there is none.
 */
size_t braces_size(struct span text);

/*
 * Takes the braces off a text that is one {...}, and the white space inside
 * them. Returns 0, or -EINVAL with the reason.
 */
int braces_strip(
        struct span text, struct span *ret_inside, struct reason *ret_reason);

/*
 * Takes the next word off *rest. Returns false when none is left.
 */
bool word_next(struct span *rest, struct span *ret_word);

/* Returns how many words there are. */
size_t word_count(struct span text);

#endif
