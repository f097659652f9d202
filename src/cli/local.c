/* SPDX-License-Identifier: MIT */
#include "cli/local.h"

#include "cli/cli.h"
#include "config/config.h"
#include "config/map_options.h"
#include "config/offline.h"
#include "maps/directory.h"
#include "maps/requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOKUP_MEMORY_MAX ((size_t)16 * 1024 * 1024)

struct local {
        struct config *config;
        const struct config_map *map;
        struct content *content;
        struct arena arena;   /* of the lookup before */
        struct lookup lookup; /* likewise */
};

static const struct config_map *find_map(
        const struct config *config, const char *name)
{
        const struct config_map *others = NULL, *map = config->maps;

        for (; map != NULL; map = map->next) {
                if (strcmp(map->name, name) == 0)
                        return map;
                if (strcmp(map->name, "*") == 0)
                        others = map;
        }
        return others;
}

/* The lookup's own answer tells it. */
static void ignore_change(
        const char *map, const char *server, const char *reason)
{
        (void)map;
        (void)server;
        (void)reason;
}

static void show_print(const char *map, const char *line)
{
        complain("map %s: %s", map, line);
}

static const struct table_watcher watcher = {
        .changed = ignore_change, .said = show_print};

static int open_content(struct local *local, struct report *report)
{
        struct directory *directory = map_directory_of(local->config);
        struct map_options options = map_options_of(local->map);
        struct table_env env = {.report = report, .watcher = &watcher};

        if (directory != NULL)
                local->content = content_open(&env, &options, directory);
        directory_unref(directory);
        if (local->content != NULL)
                return 0;
        complain("%s", strerror(ENOMEM));
        return CLI_INTERNAL;
}

int local_open(const char *file, const char *map, struct local **ret_local)
{
        struct report report = {.say = offline_say};
        struct local *local = calloc(1, sizeof(*local));
        int status = CLI_CONFIG;

        if (local == NULL) {
                complain("%s", strerror(ENOMEM));
                return CLI_INTERNAL;
        }
        local->config = config_read(file, &report);
        if (local->config == NULL)
                goto fail;
        local->map = find_map(local->config, map);
        if (local->map == NULL) {
                complain("%s: there is no [map %s]", file, map);
                goto fail;
        }
        status = open_content(local, &report);
        if (status != 0)
                goto fail;
        *ret_local = local;
        return 0;

fail:
        local_close(local);
        return status;
}

static struct socketmap_result temp(const char *text)
{
        return (struct socketmap_result){SOCKETMAP_TEMP, text, strlen(text)};
}

/* What the table makes of the key. */
static struct socketmap_result ask(
        struct local *local, struct span key, struct trace *trace)
{
        struct table *table = local->content->table;
        struct outcome outcome;

        if (memchr(key.data, '\0', key.size) != NULL)
                return temp("name or key hold a NUL byte");
        if (table == NULL)
                return temp(local->content->reason.text);
        arena_fini(&local->arena);
        arena_init(&local->arena, NULL, 0, LOOKUP_MEMORY_MAX);
        local->lookup = (struct lookup){
                .key = key,
                .deadline = events_now() + local->config->server.deadline,
                .arena = &local->arena,
                /* What a table says of its values is said to nobody. */
                .trace = local->map->secret ? NULL : trace,
        };
        table_start(table, &local->lookup);
        outcome = outcome_of(local->content, &local->lookup);
        return (struct socketmap_result){
                outcome.status, outcome.text.data, outcome.text.size};
}

void local_ask(struct local *local, struct span key, struct trace *trace,
        struct socketmap_result *ret_result)
{
        struct socketmap_result result = ask(local, key, trace);
        size_t size = strlen(socketmap_status_name(result.status)) + 1;

        if (result.size > local->config->server.reply_size - size)
                result = temp("the value is larger than a reply may be");
        *ret_result = result;
}

const struct config_map *local_map(const struct local *local)
{
        return local->map;
}

void local_close(struct local *local)
{
        if (local == NULL)
                return;
        content_unref(local->content);
        arena_fini(&local->arena);
        config_free(local->config);
        free(local);
}
