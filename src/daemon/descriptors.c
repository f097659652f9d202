/* SPDX-License-Identifier: MIT */
#include "daemon/descriptors.h"

#include "daemon/log.h"

#include <sys/resource.h>

#define OTHER_DESCRIPTORS 64 /* listeners, tables, the loop's own */

uint64_t descriptors_provide(uint64_t connections)
{
        struct rlimit limit;
        rlim_t possible;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return connections;
        if (limit.rlim_cur < limit.rlim_max) {
                rlim_t before = limit.rlim_cur;

                limit.rlim_cur = limit.rlim_max;
                if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
                        limit.rlim_cur = before;
        }
        if (limit.rlim_cur >= connections + OTHER_DESCRIPTORS)
                return connections;
        possible = limit.rlim_cur > OTHER_DESCRIPTORS
                           ? limit.rlim_cur - OTHER_DESCRIPTORS
                           : 1;
        log_say(CONFIG_AREA_SERVER, CONFIG_LOG_WARNING,
                "at most %llu connections at a time, since the process may "
                "have %llu descriptors only (RLIMIT_NOFILE)",
                (unsigned long long)possible,
                (unsigned long long)limit.rlim_cur);
        return possible;
}
