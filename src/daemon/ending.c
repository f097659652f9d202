/* SPDX-License-Identifier: MIT */
#include "daemon/ending.h"

#include "daemon/daemon.h"

/* How long a drain may take before it closes what is left. */
#define DRAIN_TIMEOUT 10000

void ending_begin(struct daemon *daemon, const char *why)
{
        if (daemon->end_reason == NULL) {
                socketmap_server_drain(daemon->server, DRAIN_TIMEOUT);
        } else {
                daemon->ends_at_once = true;
                uv_stop(&daemon->loop);
        }
        daemon->end_reason = why;
}

void ending_tell(const struct daemon *daemon)
{
        uint64_t requests = socketmap_server_get_count(
                daemon->server, SOCKETMAP_COUNT_REQUESTS);

        log_say(CONFIG_AREA_LIFE, CONFIG_LOG_INFO,
                "stopped %sby %s after %llu requests",
                daemon->ends_at_once ? "at once " : "", daemon->end_reason,
                (unsigned long long)requests);
}
