/* SPDX-License-Identifier: MIT */
#include "daemon/limits.h"

#include "config/config.h"
#include "daemon/descriptors.h"

#include <socketmap/server.h>
#include <stddef.h>

static const struct limit {
        enum socketmap_limit limit;
        size_t offset; /* in struct config_server, of a uint64_t */
} limits[] = {
        {SOCKETMAP_LIMIT_REQUEST_SIZE,
                offsetof(struct config_server, request_size)},
        {SOCKETMAP_LIMIT_REPLY_SIZE,
                offsetof(struct config_server, reply_size)},
        {SOCKETMAP_LIMIT_DEADLINE, offsetof(struct config_server, deadline)},
        {SOCKETMAP_LIMIT_PARTIAL,
                offsetof(struct config_server, partial_timeout)},
        {SOCKETMAP_LIMIT_STALL, offsetof(struct config_server, stall_timeout)},
        {SOCKETMAP_LIMIT_MEMORY, offsetof(struct config_server, memory)},
};

void limits_apply(
        struct socketmap_server *server, const struct config_server *options)
{
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
                const char *field = (const char *)options + limits[i].offset;

                socketmap_server_set_limit(server, limits[i].limit,
                        *(const uint64_t *)(const void *)field);
        }
        socketmap_server_set_limit(server, SOCKETMAP_LIMIT_CONNECTIONS,
                descriptors_provide(options->connections));
}
