/* SPDX-License-Identifier: MIT */
/* The socketmap protocol, as one asks: for whoever answers by it. */
#ifndef TABLES_SUPPORT_NETSTRING_PROTOCOL_H
#define TABLES_SUPPORT_NETSTRING_PROTOCOL_H

#include "tables/support/exchange.h"

/* Who answers, the ctx of the protocol; borrowed. */
struct netstring_peer {
        const char *name; /* for reasons */
        const char *map;  /* the name that is asked for */
};

/* OK is a value, NOTFOUND is "not found", all else a failure. */
extern const struct protocol netstring_protocol;

#endif
