/* SPDX-License-Identifier: MIT */
#include "daemon/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 65536 };

/* What descriptors without a name are called, as in sd_listen_fds(3). */
static const char unknown[] = "unknown";

/* The process's, as the environment is. */
static struct fdlist passed;

/* Reads a decimal number from the environment; -1 when it is none. */
static long read_number(const char *variable)
{
        const char *text = getenv(variable);
        char *end;
        long number;

        if (text == NULL || text[0] < '0' || text[0] > '9')
                return -1;
        errno = 0;
        number = strtol(text, &end, 10);
        return errno != 0 || *end != '\0' ? -1 : number;
}

/* Takes all descriptors; `names` is divided by colons. */
static int take_all(long count, char *names)
{
        int r = 0;

        for (int fd = FIRST; fd < FIRST + count && r == 0; fd++) {
                const char *name = names != NULL ? strsep(&names, ":") : NULL;
                int flags = fcntl(fd, F_GETFD);

                if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
                        return -errno;
                r = fdlist_add(&passed, name != NULL ? name : unknown, fd);
        }
        return r;
}

static int take_by_environment(void)
{
        long count = read_number("LISTEN_FDS");
        const char *names = getenv("LISTEN_FDNAMES");
        char *copy = NULL;
        int r;

        if (count < 0 || count > MOST)
                return -EINVAL;
        if (names != NULL) {
                copy = strdup(names);
                if (copy == NULL)
                        return -ENOMEM;
        }
        r = take_all(count, copy);
        free(copy);
        return r;
}

static bool is_for_us(void)
{
        return getenv("LISTEN_FDS") != NULL &&
               read_number("LISTEN_PID") == (long)getpid();
}

int activation_start(void)
{
        int r = is_for_us() ? take_by_environment() : 0;

        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        return r;
}

void activation_stop(void)
{
        fdlist_fini(&passed);
}

int activation_take(const char *name, size_t n)
{
        int fd = fdlist_get(&passed, name, n);

        if (fd < 0)
                return fd;
        fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST);
        return fd < 0 ? -errno : fd;
}

struct fdlist *activation_list(void)
{
        return &passed;
}
