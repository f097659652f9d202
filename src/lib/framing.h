/* SPDX-License-Identifier: MIT */
/* The digits of a netstring's length: the part that every reply pays for. */
#ifndef LIB_FRAMING_H
#define LIB_FRAMING_H

#include <stddef.h>
#include <stdint.h>

/* What comes with a payload besides its digits: ':' and ','. */
enum { FRAMING_MARKS = 2 };

/* Framing and "NOTFOUND " never need more bytes than this. */
enum { FRAMING_REPLY_MAX = 20 + FRAMING_MARKS + 9 };

static inline size_t framing_digits(size_t length)
{
        size_t digits = 1;

        /* Most lengths are short: two comparisons cost less than a loop. */
        if (length < 100)
                return length < 10 ? 1 : 2;
        for (; length > 9; length /= 10)
                digits++;
        return digits;
}

/*
 * Returns the size of the netstring of a payload whose length has that many
 * digits, or SIZE_MAX when it can't be told in a size_t.
 */
static inline size_t framing_size(size_t length, size_t digits)
{
        size_t framing = digits + FRAMING_MARKS;

        return length > SIZE_MAX - framing ? SIZE_MAX : length + framing;
}

/* Writes "LENGTH:"; returns where the payload goes. */
static inline char *framing_begin(char *out, size_t length, size_t digits)
{
        char *payload = out + digits + 1;

        out[digits] = ':';
        do {
                out[--digits] = (char)('0' + length % 10);
                length /= 10;
        } while (digits > 0);
        return payload;
}

#endif
