/* SPDX-License-Identifier: MIT */
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_null_device(const struct stat *status)
{
        struct stat null;

        return S_ISCHR(status->st_mode) && stat("/dev/null", &null) == 0 &&
               S_ISCHR(null.st_mode) && null.st_rdev == status->st_rdev;
}

/* Returns 0 or a negative errno. */
static int check(int fd)
{
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (S_ISREG(status.st_mode) || is_null_device(&status))
                return 0;
        return S_ISDIR(status.st_mode) ? -EISDIR : -EBADMSG;
}

int regular_open(const char *file, const char *name, struct reason *ret_reason)
{
        /* To open a pipe would wait for somebody to write. */
        int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        int r = fd < 0 ? -errno : check(fd);

        if (r == 0)
                return fd;
        if (fd >= 0)
                close(fd);
        /* So does opening a socket fail. */
        if (r == -EBADMSG || r == -ENXIO) {
                reason_set(ret_reason, "%s: not a regular file", name);
                r = -EBADMSG;
                ret_reason->code = r;
        } else {
                reason_set_errno(ret_reason, r, "%s", name);
        }
        return r;
}

ssize_t regular_read(int fd, char *buffer, size_t size)
{
        size_t used = 0;
        ssize_t got;

        do {
                got = read(fd, buffer + used, size - used);
                if (got > 0)
                        used += (size_t)got;
        } while ((got > 0 && used < size) || (got < 0 && errno == EINTR));
        return got < 0 ? -errno : (ssize_t)used;
}
