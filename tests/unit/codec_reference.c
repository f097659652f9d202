/* SPDX-License-Identifier: MIT */
#include "codec_reference.h"

#include <errno.h>

void reference_init(struct reference *reference, uint64_t limit)
{
        *reference = (struct reference){
                .state = REFERENCE_START,
                .limit = limit,
                .missing = 3,
        };
}

static enum reference_state feed_digit(
        struct reference *reference, unsigned char byte)
{
        uint64_t digit = (uint64_t)(byte - '0');

        if (reference->length > (UINT64_MAX - digit) / 10)
                return REFERENCE_TOO_BIG;
        reference->length = reference->length * 10 + digit;
        if (reference->length > reference->limit)
                return REFERENCE_TOO_BIG;
        reference->missing = (size_t)reference->length + 2;
        return REFERENCE_NUMBER;
}

static enum reference_state feed_colon(struct reference *reference)
{
        reference->missing = (size_t)reference->length + 1;
        reference->header = reference->fed;
        return reference->length == 0 ? REFERENCE_COMMA : REFERENCE_PAYLOAD;
}

static enum reference_state feed_payload(struct reference *reference)
{
        return --reference->missing == 1 ? REFERENCE_COMMA : REFERENCE_PAYLOAD;
}

static enum reference_state next_state(
        struct reference *reference, unsigned char byte)
{
        switch (reference->state) {
        case REFERENCE_START:
                if (byte == '0') {
                        reference->missing = 2;
                        return REFERENCE_ZERO;
                }
                if (byte >= '1' && byte <= '9')
                        return feed_digit(reference, byte);
                return REFERENCE_BAD;
        case REFERENCE_ZERO:
                return byte == ':' ? feed_colon(reference) : REFERENCE_BAD;
        case REFERENCE_NUMBER:
                if (byte >= '0' && byte <= '9')
                        return feed_digit(reference, byte);
                return byte == ':' ? feed_colon(reference) : REFERENCE_BAD;
        case REFERENCE_PAYLOAD:
                return feed_payload(reference);
        case REFERENCE_COMMA:
                reference->missing = 0;
                return byte == ',' ? REFERENCE_DONE : REFERENCE_BAD;
        default:
                return reference->state;
        }
}

void reference_feed(struct reference *reference, unsigned char byte)
{
        if (reference->state >= REFERENCE_DONE)
                return;
        reference->fed++;
        reference->state = next_state(reference, byte);
}

int reference_result(const struct reference *reference)
{
        switch (reference->state) {
        case REFERENCE_DONE:
                return 1;
        case REFERENCE_BAD:
                return -EBADMSG;
        case REFERENCE_TOO_BIG:
                return -EMSGSIZE;
        default:
                return 0;
        }
}
