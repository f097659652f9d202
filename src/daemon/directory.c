/* SPDX-License-Identifier: MIT */
#include "daemon/directory.h"

#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct reason *ret_reason, int code, const char *path)
{
        reason_set_errno(ret_reason, code, "%s", path);
        return code;
}

/* Opens what was just made, without following a link. */
static int set_directory_access(
        const char *path, const struct config_listener *options)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r = 0;

        if (fd < 0)
                return -errno;
        if (fchown(fd, options->directory_owner.uid,
                    options->directory_group.gid) < 0 ||
                fchmod(fd, options->directory_mode) < 0)
                r = -errno;
        close(fd);
        return r;
}

int directory_make(
        const struct config_listener *options, struct reason *ret_reason)
{
        const char *path = options->endpoint.rest;
        const char *slash = strrchr(path, '/');
        char directory[4096];
        int r;

        if (options->directory_mode == (mode_t)-1 || slash == NULL ||
                slash == path)
                return 0;
        if ((size_t)(slash - path) >= sizeof(directory))
                return fail(ret_reason, -ENAMETOOLONG, path);
        memcpy(directory, path, (size_t)(slash - path));
        directory[slash - path] = '\0';
        if (mkdir(directory, 0700) < 0) {
                if (errno == EEXIST)
                        return 0;
                return fail(ret_reason, -errno, directory);
        }
        r = set_directory_access(directory, options);
        if (r == 0)
                return 0;
        rmdir(directory);
        return fail(ret_reason, r, directory);
}
