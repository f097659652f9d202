/* SPDX-License-Identifier: MIT */
#include "lib/counters.h"

static const char *const names[] = {
        [SOCKETMAP_COUNT_ACCEPTED] = "accepted",
        [SOCKETMAP_COUNT_CONNECTIONS] = "connections",
        [SOCKETMAP_COUNT_REQUESTS] = "requests",
        [SOCKETMAP_COUNT_OK] = "ok",
        [SOCKETMAP_COUNT_NOTFOUND] = "notfound",
        [SOCKETMAP_COUNT_TEMP] = "temp",
        [SOCKETMAP_COUNT_TIMEOUT] = "timeout",
        [SOCKETMAP_COUNT_PERM] = "perm",
        [SOCKETMAP_COUNT_CANCELED] = "canceled",
        [SOCKETMAP_COUNT_BAD_FRAMES] = "bad_frames",
        [SOCKETMAP_COUNT_EXPIRED] = "expired",
        [SOCKETMAP_COUNT_EVICTED] = "evicted",
        [SOCKETMAP_COUNT_ACCEPT_ERRORS] = "accept_errors",
        [SOCKETMAP_COUNT_QUEUE_FULL] = "queue_full",
        [SOCKETMAP_COUNT_OVERRUNS] = "overruns",
        [SOCKETMAP_COUNT_MEMORY] = "memory",
        [SOCKETMAP_COUNT_REFUSED] = "refused",
        [SOCKETMAP_COUNT_LATE] = "late",
};

_Static_assert(SOCKETMAP_COUNT_PERM - SOCKETMAP_COUNT_OK ==
                       SOCKETMAP_PERM - SOCKETMAP_OK,
        "the counters of replies are in the order of the statuses");

const char *socketmap_counter_name(enum socketmap_counter counter)
{
        size_t n = (size_t)counter;

        return n < sizeof(names) / sizeof(names[0]) ? names[n] : NULL;
}
