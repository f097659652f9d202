/* SPDX-License-Identifier: MIT */
/*
 * A socket to a server with what is to be sent and what has been received.
 * Nothing here waits: whoever uses it waits for events, or polls.
 */
#ifndef TABLES_SUPPORT_CHANNEL_H
#define TABLES_SUPPORT_CHANNEL_H

#include "base/span.h"
#include "tables/support/address.h"

struct bytes {
        char *data;
        size_t size;
        size_t capacity;
};

/* Makes room for `more` bytes behind the others. Returns 0 or -ENOMEM. */
int bytes_reserve(struct bytes *bytes, size_t more);
void bytes_free(struct bytes *bytes);

struct channel {
        int fd; /* -1: none */
        struct bytes out;
        size_t sent; /* of these */
        struct bytes in;
};

void channel_init(struct channel *channel);

/* Closes the socket, and frees what it holds. */
void channel_close(struct channel *channel);

/*
 * Begins to connect. Returns the descriptor: connected, or with *ret_is_ready
 * false to be connected when it is ready to be written. -EAGAIN: the server's
 * queue is full, which nothing tells the end of; try again a little later.
 * Else another negative errno.
 */
int channel_connect(const struct target *target, bool *ret_is_ready);

/* Returns what became of connecting: 0 or a negative errno. */
int channel_connected(int fd);

/*
 * Says whether nothing can be read. What a server sends unasked would be taken
 * for the next answer; and at its end there will be none.
 */
bool channel_is_quiet(const struct channel *channel);

/*
 * Says whether the other end of a socketpair has read all that was sent. Where
 * that cannot be told: true.
 */
bool channel_is_read(const struct channel *channel);

/*
 * Sends what is left of `out`. Returns 0 when all is sent, -EAGAIN when the
 * socket has to be ready to be written first, -ECONNRESET when the server has
 * closed it, or another negative errno.
 */
int channel_send(struct channel *channel);

/*
 * Receives some bytes into `in`. Returns 0, or as channel_send does; the end of
 * the stream is -ECONNRESET.
 */
int channel_receive(struct channel *channel);

#endif
