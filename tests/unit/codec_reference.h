/* SPDX-License-Identifier: MIT */
/*
 * A second netstring decoder, a state machine that is fed one byte at a time,
 * to compare the library's with.
 */
#ifndef UNIT_CODEC_REFERENCE_H
#define UNIT_CODEC_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

enum reference_state {
        REFERENCE_START,
        REFERENCE_ZERO,   /* behind "0" */
        REFERENCE_NUMBER, /* behind a length that may go on */
        REFERENCE_PAYLOAD,
        REFERENCE_COMMA,
        REFERENCE_DONE,
        REFERENCE_BAD,
        REFERENCE_TOO_BIG
};

struct reference {
        enum reference_state state;
        uint64_t limit;
        uint64_t length;
        size_t fed;     /* bytes that belong to the netstring */
        size_t missing; /* at least so many more must come */
        size_t header;  /* bytes before the payload */
};

void reference_init(struct reference *reference, uint64_t limit);
void reference_feed(struct reference *reference, unsigned char byte);

/* What socketmap_netstring_parse returns for the bytes fed so far. */
int reference_result(const struct reference *reference);

#endif
