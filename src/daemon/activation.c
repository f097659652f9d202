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

struct passed {
        char *name;
        int fd;
};

/* Of the process, as the environment is. */
static struct passed *passed;
static size_t passed_count;

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

static int append(char *name, int fd)
{
        struct passed *larger =
                realloc(passed, (passed_count + 1) * sizeof(*passed));

        if (larger == NULL)
                return -ENOMEM;
        passed = larger;
        passed[passed_count++] = (struct passed){name, fd};
        return 0;
}

int activation_add(const char *name, int fd)
{
        char *copy = strdup(name);

        if (copy != NULL && append(copy, fd) == 0)
                return 0;
        free(copy);
        close(fd);
        return -ENOMEM;
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
                r = activation_add(name != NULL ? name : unknown, fd);
        }
        return r;
}

static bool is_for_us(void)
{
        return getenv("LISTEN_FDS") != NULL &&
               read_number("LISTEN_PID") == (long)getpid();
}

int activation_start(void)
{
        long count = read_number("LISTEN_FDS");
        const char *names = getenv("LISTEN_FDNAMES");
        char *copy = NULL;
        int r = 0;

        if (is_for_us()) {
                copy = names != NULL ? strdup(names) : NULL;
                if (count < 0 || count > MOST)
                        r = -EINVAL;
                else if (names != NULL && copy == NULL)
                        r = -ENOMEM;
                else
                        r = take_all(count, copy);
                free(copy);
        }
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        return r;
}

void activation_stop(void)
{
        while (passed_count > 0) {
                close(passed[passed_count - 1].fd);
                activation_remove(passed_count - 1);
        }
        free(passed);
        passed = NULL;
}

int activation_take(const char *name, size_t n)
{
        for (size_t i = 0; i < passed_count; i++) {
                int fd;

                if (strcmp(passed[i].name, name) != 0 || n-- > 0)
                        continue;
                fd = fcntl(passed[i].fd, F_DUPFD_CLOEXEC, FIRST);
                return fd < 0 ? -errno : fd;
        }
        return -ENOENT;
}

int activation_get(size_t n, const char **ret_name)
{
        if (n >= passed_count)
                return -ENOENT;
        *ret_name = passed[n].name;
        return passed[n].fd;
}

void activation_remove(size_t n)
{
        free(passed[n].name);
        passed_count--;
        memmove(&passed[n], &passed[n + 1],
                (passed_count - n) * sizeof(*passed));
}
