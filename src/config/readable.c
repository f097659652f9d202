/* SPDX-License-Identifier: MIT */
#include "config/readable.h"

#include "tables/spec.h"
#include "tables/table.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name, or the number of who has none. */
struct account_name {
        char text[64];
};

static struct account_name name_user(uid_t uid)
{
        struct account_name name;
        const struct passwd *entry = getpwuid(uid);

        if (entry != NULL)
                snprintf(name.text, sizeof(name.text), "%s", entry->pw_name);
        else
                snprintf(name.text, sizeof(name.text), "%u", uid);
        return name;
}

static struct account_name name_group(gid_t gid)
{
        struct account_name name;
        const struct group *entry = getgrgid(gid);

        if (entry != NULL)
                snprintf(name.text, sizeof(name.text), "%s", entry->gr_name);
        else
                snprintf(name.text, sizeof(name.text), "%u", gid);
        return name;
}

/* Cuts the path at the first directory that we may not enter, if any. */
static bool find_closed_directory(char *path)
{
        for (char *slash = strchr(path, '/'); slash != NULL;
                slash = strchr(slash + 1, '/')) {
                char *end = slash == path ? path + 1 : slash;
                char kept = *end;

                *end = '\0';
                if (access(path, X_OK) < 0)
                        return true;
                *end = kept;
        }
        return false;
}

static void report_closed(const struct config_map *map, const char *path,
        const char *what, const char *bit, struct report *report)
{
        struct account_name user = name_user(geteuid());
        struct account_name group;
        struct stat status;

        if (stat(path, &status) < 0) {
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: %s: %s", path, strerror(errno));
                return;
        }
        group = name_group(status.st_gid);
        if ((status.st_mode & (*bit == 'x' ? S_IXGRP : S_IRGRP)) != 0)
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: user %s may not %s %s (%04o %s:%s): put it "
                        "into that group, by SupplementaryGroups=%s in the "
                        "unit or usermod -aG %s %s",
                        user.text, what, path, status.st_mode & 07777U,
                        name_user(status.st_uid).text, group.text, group.text,
                        group.text, user.text);
        else
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: user %s may not %s %s (%04o %s:%s): give it to "
                        "a group of that user, by chgrp %s and chmod g+%s",
                        user.text, what, path, status.st_mode & 07777U,
                        name_user(status.st_uid).text, group.text,
                        name_group(getegid()).text, bit);
}

static void report_unreadable(const struct config_map *map, const char *file,
        int error, struct report *report)
{
        char path[PATH_MAX];

        if (error == EACCES && strlen(file) < sizeof(path)) {
                memcpy(path, file, strlen(file) + 1);
                if (find_closed_directory(path))
                        report_closed(map, path, "enter", "x", report);
                else
                        report_closed(map, path, "read", "r", report);
        } else {
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: %s: %s", file, strerror(error));
        }
}

struct reading {
        const struct config_map *map;
        struct report *report;
};

/* Looks at the file of one table, if it has one. */
static int check_file(
        void *ctx, const struct table_type *type, struct span argument)
{
        const struct reading *reading = ctx;
        char file[PATH_MAX];
        int fd, size;

        if (type == NULL || !table_type_names_file(type) ||
                argument.data[0] != '/')
                return 0;
        size = snprintf(file, sizeof(file), "%.*s%s", (int)argument.size,
                argument.data, type->suffix != NULL ? type->suffix : "");
        if (size < 0 || (size_t)size >= sizeof(file))
                return 0; /* opening it tells */
        /* A pipe would wait for somebody to write. */
        fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                report_unreadable(reading->map, file, errno, reading->report);
        else
                close(fd);
        return 0;
}

void readable_check(const struct config_map *map, struct report *report)
{
        struct reading reading = {map, report};

        spec_walk(span_of(map->table), check_file, &reading);
}
