/* SPDX-License-Identifier: MIT */
/*
 * To be preloaded: a host name that needs no name server. Sendmail looks up
 * its own when it starts, and sleeps for a minute where that fails.
 */
#include <stdio.h>
#include <unistd.h>

__attribute__((visibility("default"))) int gethostname(char *name, size_t size)
{
        snprintf(name, size, "127.0.0.1");
        return 0;
}
