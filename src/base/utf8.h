/* SPDX-License-Identifier: MIT */
/* UTF-8, in the strict form: no surrogates, nothing overlong. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"
#include <stdint.h>

/* Returns how many of the first bytes are ASCII. */
size_t utf8_ascii_prefix(struct span bytes);

/*
 * Decodes the character at the beginning of `bytes`, which must not be empty.
 * Returns the bytes it has, 1 to 4; 0 when that is no character.
 */
size_t utf8_decode(struct span bytes, uint32_t *ret_character);

/*
 * Writes a character, which must be one, to `to` with room for 4 bytes.
 * Returns the bytes written, without a NUL.
 */
size_t utf8_encode(uint32_t character, char *to);

bool utf8_is_valid(struct span bytes);

#endif
