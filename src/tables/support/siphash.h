/* SPDX-License-Identifier: MIT */
/*
 * SipHash-1-3: a hash that nobody who doesn't know the seed can find
 * collisions for.
 */
#ifndef TABLES_SUPPORT_SIPHASH_H
#define TABLES_SUPPORT_SIPHASH_H

#include "base/span.h"
#include <stdint.h>

uint64_t siphash(const uint64_t seed[2], struct span bytes);

#endif
