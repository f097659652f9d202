/* SPDX-License-Identifier: MIT */
/* Netstrings, good and bad, and what they are. */
#ifndef UNIT_CODEC_CASES_H
#define UNIT_CODEC_CASES_H

#include <stddef.h>

struct codec_case {
        const char *bytes;
        size_t size;
        size_t limit;
        int expected;        /* 1, 0, -EBADMSG or -EMSGSIZE for all bytes */
        size_t first;        /* the shortest beginning with that result */
        const char *payload; /* of a complete one */
        size_t length;
};

extern const struct codec_case codec_cases[];
extern const size_t codec_cases_count;

#endif
