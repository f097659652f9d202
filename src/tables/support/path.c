/* SPDX-License-Identifier: MIT */
#include "tables/support/path.h"
#include <errno.h>
#include <sys/stat.h>

int path_check(
        const char *type, const char *argument, struct reason *ret_reason)
{
        if (argument[0] == '/')
                return 0;
        reason_set(ret_reason,
                "%s:%s: write the absolute path of the file, such as "
                "%s:/etc/postfix/%s",
                type, argument, type, argument);
        return -EINVAL;
}

int path_check_cf(
        const char *type, const char *argument, struct reason *ret_reason)
{
        if (argument[0] == '/' || argument[0] == '.')
                return path_check(type, argument, ret_reason);
        reason_set(ret_reason,
                "%s:%s: write the %s_* lines of main.cf to a file without that "
                "prefix, and its absolute path here, such as "
                "%s:/etc/postfix/%s.cf",
                type, argument, argument, type, argument);
        return -EINVAL;
}

int path_check_directory(const char *path, struct reason *ret_reason)
{
        struct stat status;
        int r = stat(path, &status) < 0 ? -errno : 0;

        if (r == 0 && !S_ISDIR(status.st_mode))
                r = -ENOTDIR;
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", path);
        return r;
}
