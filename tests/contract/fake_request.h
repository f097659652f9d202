/* SPDX-License-Identifier: MIT */
/*
 * The library's requests, played by the test: maps are tested without a
 * server, and answers that it would hide (two of them, none) are seen.
 */
#ifndef CONTRACT_FAKE_REQUEST_H
#define CONTRACT_FAKE_REQUEST_H

#include "base/span.h"
#include <socketmap/request.h>

struct socketmap_request {
        struct span key;
        unsigned remaining;
        bool cannot_hold;
        int reply_result; /* what replying returns */
        int holds;
        int releases;
        int replies;
        char reply[400]; /* "OK text", cut */
};

#endif
