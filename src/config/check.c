/* SPDX-License-Identifier: MIT */
#include "config/check.h"

#include "base/privileges.h"
#include "config/config.h"
#include "config/map_options.h"
#include "config/readable.h"
#include "maps/content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_table(const struct config_map *map,
        const struct directory *directory, struct report *report)
{
        const struct map_options options = map_options_of(map);
        struct table_env env = {.report = report};
        struct content *content = content_open(&env, &options, directory);

        if (content == NULL)
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: %s", strerror(ENOMEM));
        else if (content->table == NULL)
                report_at(report, SEVERITY_ERROR, &map->table_place,
                        "table: %s", content->reason.text);
        content_unref(content);
}

static void check_tables(
        const struct config *config, bool opens, struct report *report)
{
        struct directory *directory = map_directory_of(config);
        const struct config_map *map;

        if (directory == NULL)
                report_at(report, SEVERITY_ERROR, NULL, "%s", strerror(ENOMEM));
        for (map = config->maps; map != NULL; map = map->next) {
                size_t errors = report->errors;

                readable_check(map, report);
                if (opens && report->errors == errors)
                        check_table(map, directory, report);
        }
        directory_unref(directory);
}

static struct identity identity_of(const struct config_server *server)
{
        return (struct identity){
                .user = server->user.name,
                .uid = server->user.uid,
                .gid = server->group.name != NULL ? server->group.gid
                                                  : server->user.gid,
        };
}

/* Only root can become somebody else. */
static bool can_be(const struct identity *identity)
{
        return geteuid() == 0 || identity->uid == geteuid() ||
               identity->user == NULL;
}

/* The rest of the child that has become the daemon's user. */
static _Noreturn void check_as(const struct config *config, bool opens,
        const struct identity *identity, struct report *report)
{
        struct reason reason;
        int r = 0;

        report->errors = 0;
        if (can_be(identity))
                r = privileges_drop(identity, &reason);
        else
                report_at(report, SEVERITY_WARNING, NULL,
                        "checked as the user you are; only root can check as "
                        "user %s",
                        identity->user);
        if (r < 0)
                report_at(
                        report, SEVERITY_ERROR, NULL, "user: %s", reason.text);
        else
                check_tables(config, opens, report);
        exit(report->errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int wait_for(pid_t child)
{
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS
                       ? 0
                       : -EINVAL;
}

int check_run(const char *file, bool opens, struct report *report)
{
        struct config *config = config_read(file, report);
        struct identity identity;
        pid_t child;
        int r;

        if (config == NULL)
                return -EINVAL;
        identity = identity_of(&config->server);
        child = fork();
        if (child == 0)
                check_as(config, opens, &identity, report);
        r = child < 0 ? -errno : wait_for(child);
        if (child < 0)
                report_at(
                        report, SEVERITY_ERROR, NULL, "fork: %s", strerror(-r));
        config_free(config);
        return r < 0 ? -EINVAL : 0;
}
