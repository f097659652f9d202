/* SPDX-License-Identifier: MIT */
/*
 * A connection without its socket: bytes go in, requests are asked one at a
 * time, replies come out in order. Whoever has the socket drives it:
 *
 *     connection_feed(c, bytes, size)      what was received
 *     connection_run(c, host, out)         until it wants something
 *     connection_keep(c)                   before the bytes go away
 *
 * connection_run says what is wanted; after a lookup that was finished later,
 * connection_answered and connection_run go on with what has been kept.
 */
#ifndef LIB_CONNECTION_H
#define LIB_CONNECTION_H

#include "lib/buffer.h"
#include <socketmap/protocol.h>
#include <stdbool.h>

/* Why a connection can't go on. */
enum connection_fault {
        CONNECTION_SOUND,
        CONNECTION_BAD_FRAME, /* what came is no netstring */
        CONNECTION_TOO_LARGE, /* ... or a larger one than the limit */
        CONNECTION_FAILED     /* a request could not be answered */
};

/* A zeroed connection is a new one. */
struct connection {
        struct buffer kept; /* received, not yet parsed */
        char *next;         /* unparsed bytes: in kept, or borrowed */
        size_t unparsed;
        unsigned asked;      /* requests so far (wraps) */
        bool waiting;        /* a request is asked and not yet answered */
        bool ended;          /* no more bytes will come */
        unsigned char fault; /* enum connection_fault, in a byte */
};

enum connection_next {
        CONNECTION_READ,  /* more bytes are needed */
        CONNECTION_WAIT,  /* until connection_answered */
        CONNECTION_WRITE, /* send what is in out, then run again */
        CONNECTION_CLOSE  /* send what is in out, then close */
};

/* What became of a request. */
enum asked {
        ASKED_ANSWERED, /* its reply was appended to out */
        ASKED_LATER,    /* connection_answered will be called */
        ASKED_FAILED    /* it can't even be answered: break the connection */
};

struct connection_host {
        size_t request_limit; /* bytes of payload */
        /*
         * Asks one request. Name and key are NUL-terminated, and borrowed
         * until it returns. A NULL key: the request has no space in it.
         */
        enum asked (*ask)(void *ctx, char *name, size_t name_size, char *key,
                size_t key_size, struct buffer *out);
        void *ctx;
};

/* Replies collected in `out` before connection_run wants them sent. */
#define CONNECTION_OUT_MAX 65536

/*
 * Gives bytes, which may be changed, and are borrowed until connection_keep.
 * Returns 0 or -ENOMEM.
 */
int connection_feed(struct connection *c, char *bytes, size_t size);

/* Says that no more bytes will come: complete requests are still answered. */
void connection_end(struct connection *c);

/* Goes on until something is wanted, appending replies to out. */
enum connection_next connection_run(struct connection *c,
        const struct connection_host *host, struct buffer *out);

/* Copies the borrowed bytes that are still unparsed. Returns 0 or -ENOMEM. */
int connection_keep(struct connection *c);

/* The request that was asked has its reply. */
void connection_answered(struct connection *c);

void connection_fini(struct connection *c);

#endif
