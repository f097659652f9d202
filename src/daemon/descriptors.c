/* SPDX-License-Identifier: MIT */
#include "daemon/descriptors.h"

#include "daemon/log.h"

#include <sys/resource.h>

#define CONNECTIONS_DEFAULT 4096 /* SOCKETMAP_LIMIT_CONNECTIONS's */
#define OTHER_DESCRIPTORS 64     /* listeners, tables, the loop's own */

void descriptors_provide(struct socketmap_server *server)
{
        struct rlimit limit;
        rlim_t connections;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        if (limit.rlim_cur < limit.rlim_max) {
                rlim_t before = limit.rlim_cur;

                limit.rlim_cur = limit.rlim_max;
                if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                        limit.rlim_cur = before;
        }
        if (limit.rlim_cur >= CONNECTIONS_DEFAULT + OTHER_DESCRIPTORS)
                return;
        connections = limit.rlim_cur > OTHER_DESCRIPTORS
                              ? limit.rlim_cur - OTHER_DESCRIPTORS
                              : 1;
        socketmap_server_set_limit(
                server, SOCKETMAP_LIMIT_CONNECTIONS, connections);
        log_say(CONFIG_AREA_SERVER, CONFIG_LOG_WARNING,
                "at most %llu connections at a time, since the "
                "process may have %llu descriptors only (RLIMIT_NOFILE)",
                (unsigned long long)connections,
                (unsigned long long)limit.rlim_cur);
}
