/* SPDX-License-Identifier: MIT */
/*
 * A connection with a scripted lookup: however its bytes are split, and
 * whichever lookups finish later, the same replies come out.
 *
 * The first byte of an input is the size of the pieces that arrive. The key
 * says what its lookup does: 'l...' is answered later, 'f...' fails so that the
 * connection breaks, all others are echoed.
 */
#include "fuzz.h"

#include "lib/connection.h"
#include "lib/reply.h"
#include <errno.h>
#include <string.h>

enum { REQUEST_LIMIT = 4096 };

/* One run of a connection, and all that came out of it. */
struct run {
        struct connection connection;
        struct connection_host host;
        struct buffer out;  /* collected, not yet sent */
        struct buffer sent; /* all replies */
        struct buffer late; /* the reply of the lookup under way */
        bool closed;
};

static void reply(struct buffer *out, const char *key, size_t size)
{
        enum socketmap_status status;

        REQUIRE(reply_append(out, SOCKETMAP_OK, key, size, REQUEST_LIMIT,
                        &status) != -ENOMEM);
}

static enum asked ask(void *ctx, char *name, size_t name_size, char *key,
        size_t key_size, struct buffer *out)
{
        struct run *run = ctx;

        REQUIRE(!run->closed && !run->connection.waiting);
        REQUIRE(name[name_size] == '\0');
        if (key == NULL) {
                reply(out, "no key", 6);
                return ASKED_ANSWERED;
        }
        REQUIRE(key[key_size] == '\0');
        if (key[0] == 'f')
                return ASKED_FAILED;
        reply(key[0] == 'l' ? &run->late : out, key, key_size);
        return key[0] == 'l' ? ASKED_LATER : ASKED_ANSWERED;
}

static void send_out(struct run *run)
{
        REQUIRE(buffer_append(&run->sent, run->out.data, run->out.size) == 0);
        run->out.size = 0;
}

/* Does what the connection wants, until it wants bytes or is closed. */
static void serve(struct run *run)
{
        for (;;) {
                enum connection_next next =
                        connection_run(&run->connection, &run->host, &run->out);

                switch (next) {
                case CONNECTION_READ:
                        REQUIRE(!run->connection.ended);
                        return;
                case CONNECTION_WAIT:
                        REQUIRE(connection_keep(&run->connection) == 0);
                        REQUIRE(buffer_append(&run->out, run->late.data,
                                        run->late.size) == 0);
                        run->late.size = 0;
                        connection_answered(&run->connection);
                        break;
                case CONNECTION_WRITE:
                        send_out(run);
                        break;
                case CONNECTION_CLOSE:
                        run->closed = true;
                        return;
                }
        }
}

/* Lets a piece of the bytes arrive, in memory of just its size. */
static void receive(struct run *run, const uint8_t *data, size_t size)
{
        char *piece = malloc(size);

        REQUIRE(piece != NULL);
        memcpy(piece, data, size);
        REQUIRE(connection_feed(&run->connection, piece, size) == 0);
        serve(run);
        REQUIRE(connection_keep(&run->connection) == 0);
        free(piece);
}

static void run_pieces(
        struct run *run, const uint8_t *data, size_t size, size_t piece)
{
        *run = (struct run){
                .host = {.request_limit = REQUEST_LIMIT, .ask = ask}};
        run->host.ctx = run;
        while (size > 0 && !run->closed) {
                size_t now = piece < size ? piece : size;

                receive(run, data, now);
                data += now;
                size -= now;
        }
        if (!run->closed) {
                connection_end(&run->connection);
                serve(run);
        }
        REQUIRE(run->closed);
        send_out(run);
}

static void run_fini(struct run *run)
{
        connection_fini(&run->connection);
        buffer_clear(&run->out);
        buffer_clear(&run->sent);
        buffer_clear(&run->late);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct run whole, split;

        if (size < 2)
                return 0;
        run_pieces(&whole, data + 1, size - 1, size);
        run_pieces(&split, data + 1, size - 1, 1 + (size_t)data[0]);
        REQUIRE(whole.sent.size == split.sent.size);
        REQUIRE(whole.sent.size == 0 ||
                memcmp(whole.sent.data, split.sent.data, whole.sent.size) == 0);
        REQUIRE(whole.connection.fault == split.connection.fault);
        REQUIRE(whole.connection.asked == split.connection.asked);
        run_fini(&whole);
        run_fini(&split);
        return 0;
}
