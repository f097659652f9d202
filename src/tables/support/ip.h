/* SPDX-License-Identifier: MIT */
/* IP addresses and networks, as texts and as bits. */
#ifndef TABLES_SUPPORT_IP_H
#define TABLES_SUPPORT_IP_H

#include "base/report.h"
#include <stdbool.h>

#define IP_BITS_MAX 128

struct ip_address {
        int family;                           /* AF_INET, AF_INET6 */
        unsigned char bytes[IP_BITS_MAX / 8]; /* 0 behind the last */
};

struct ip_network {
        struct ip_address address;
        unsigned length; /* of the prefix, in bits */
};

/* Reads what inet_pton(3) takes. Returns false for anything else. */
bool ip_parse(const char *text, struct ip_address *ret_address);

/* Sets all bits behind the first `length` to 0. */
struct ip_address ip_mask(struct ip_address address, unsigned length);

bool ip_is_same(const struct ip_address *a, const struct ip_address *b);

/*
 * Reads ADDRESS or ADDRESS/LENGTH, also [ADDRESS], [ADDRESS]/LENGTH and
 * [ADDRESS/LENGTH]; no bits may be set behind the prefix. The text is changed.
 * Returns 0, or -EINVAL with the reason, which says what to write.
 */
int ip_network_parse(
        char *text, struct ip_network *ret_network, struct reason *ret_reason);

#endif
