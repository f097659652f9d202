/* SPDX-License-Identifier: MIT */
/* What a fuzz target is: a function that is given any bytes at all. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the run, and so shows the input, when the condition does not hold. */
#define REQUIRE(condition)                                                 \
        do {                                                               \
                if (!(condition)) {                                        \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
                                #condition);                               \
                        abort();                                           \
                }                                                          \
        } while (0)

/* The name is libFuzzer's. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
