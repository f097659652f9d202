/* SPDX-License-Identifier: MIT */
#include "daemon/log_stderr.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Milliseconds: a reader that is alive needs less. */
#define PATIENCE 100

static size_t lost;

/* Whether a line can be written without waiting for long. */
static int can_write(void)
{
        struct pollfd stream = {.fd = STDERR_FILENO, .events = POLLOUT};

        return poll(&stream, 1, lost == 0 ? PATIENCE : 0) != 0;
}

size_t log_stderr(const char *line, size_t size)
{
        size_t before = lost;
        ssize_t written;

        if (!can_write()) {
                lost++;
                return 0;
        }
        lost = 0;
        while (size > 0) {
                written = write(STDERR_FILENO, line, size);
                if (written < 0 && errno != EINTR)
                        break; /* there is no place to tell it */
                if (written < 0)
                        continue;
                line += written;
                size -= (size_t)written;
        }
        return before;
}
