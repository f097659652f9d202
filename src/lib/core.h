/* SPDX-License-Identifier: MIT */
/*
 * What all connections and listeners of one server share. The server owns it
 * (lib/server.c); everything in it belongs to the server's thread.
 */
#ifndef LIB_CORE_H
#define LIB_CORE_H

#include "lib/alarm.h"
#include "lib/buffer.h"
#include "lib/counters.h"
#include "lib/generation.h"
#include "lib/held.h"
#include "lib/limits.h"
#include "lib/peers.h"
#include "lib/scope.h"
#include <stdbool.h>
#include <uv.h>

/* What one recv takes at most. */
enum { CORE_IN_SIZE = 65536 };

/* Somebody who goes on with the connections of this server. */
struct receiver {
        void (*give)(void *ctx, const struct socketmap_connection *connection);
        void *ctx;
};

struct core {
        uv_loop_t *loop;
        struct limits limits;
        struct counters counters;
        struct alarm alarm;
        struct mailbox *mailbox;
        struct generation_list generations;
        struct peers peers;

        struct link *oldest; /* connections in the order they came */
        struct link *newest;
        size_t link_count;
        struct receiver receiver; /* gets those at rest; give NULL: nobody */
        size_t memory; /* bytes of unfinished requests and unsent replies */

        char *in; /* CORE_IN_SIZE bytes that every recv goes to */
        /*
         * Replies on their way. One buffer, kept at the size it has grown to:
         * growing and freeing one for each large reply costs more than the
         * reply itself.
         */
        struct buffer out;

        size_t handles; /* of libuv, not yet closed */
        void (*log)(
                void *ctx, enum socketmap_log_level level, const char *line);
        void *log_ctx;

        /* A descriptor was closed: there may be room, or nothing left. */
        void (*closed)(struct core *core);
        /* core->memory is above its limit. */
        void (*crowded)(struct core *core);
        /* The last handle is closed: libuv is done with the server. */
        void (*gone)(struct core *core);
};

/* Tells whether there are as many connections as there may be. */
static inline bool core_is_full(const struct core *core)
{
        return core->link_count >=
               limits_get(&core->limits, SOCKETMAP_LIMIT_CONNECTIONS);
}

/* libuv has closed one of the handles; the last one ends the server. */
void core_handle_closed(struct core *core);

/* Tells the log function, if there is one, a line of at most 500 bytes. */
__attribute__((format(printf, 3, 4))) void core_log(const struct core *core,
        enum socketmap_log_level level, const char *format, ...);

#endif
