/* SPDX-License-Identifier: MIT */
/*
 * A load generator: one thread, any number of connections, a fixed number of
 * requests in flight on each ("closed loop"). Every reply is checked.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "cli/histogram.h"
#include "cli/keys.h"

#include <sys/types.h>

struct load_options {
        const char *endpoint;
        const char *name; /* of the map */
        unsigned connections;
        unsigned depth;    /* requests in flight on each connection */
        unsigned duration; /* milliseconds; 0: until `requests` are done */
        unsigned warmup;   /* milliseconds before that, not counted */
        unsigned timeout;  /* milliseconds without any reply */
        uint64_t requests;
        uint64_t seed;
        pid_t pid;   /* of the server; 0: found out if possible */
        bool memory; /* look at its memory, too */
};

struct load_result {
        uint64_t requests;
        uint64_t wrong; /* of them: not OK, or not the expected value */
        uint64_t nanoseconds;
        struct histogram latency;
        /* Of the server's process, which is 0 when it is unknown. */
        pid_t pid;
        uint64_t cpu; /* nanoseconds */
        /* If asked for: bytes, with one connection, and at the end of all. */
        uint64_t memory_before;
        uint64_t memory_after;
};

/*
 * Loads a server. keys: borrowed. Returns 0; -EPROTO when it sent what is no
 * reply; -ETIMEDOUT; -ECONNRESET when it closed a connection; or another
 * negative errno. Failures are complained about; a wrong reply is no failure,
 * but the first one is complained about.
 */
int load_run(const struct load_options *options, const struct keys *keys,
        struct load_result *ret_result);

#endif
