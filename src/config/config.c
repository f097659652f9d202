/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Far more than a file written by a person, inline tables included. */
#define CONFIG_SIZE_MAX ((size_t)256 * 1024 * 1024)

const char *const config_log_level_names[] = {
        "error", "warning", "info", "debug", NULL};
const char *const config_log_area_names[CONFIG_AREAS + 1] = {
        [CONFIG_AREA_CONFIG] = "config",
        [CONFIG_AREA_SERVER] = "server",
        [CONFIG_AREA_TABLE] = "table",
        [CONFIG_AREA_LISTEN] = "listen",
        [CONFIG_AREA_LIFE] = "life",
        [CONFIG_AREA_LOOKUP] = "lookup",
};

struct builder {
        struct config *config;
        struct config_listener **listeners_end;
        struct config_map **maps_end;
        struct report *report;
};

static int report_no_memory(struct report *report, const char *file)
{
        report_at(
                report, SEVERITY_ERROR, NULL, "%s: %s", file, strerror(ENOMEM));
        return -ENOMEM;
}

static int build_listener(struct builder *builder, struct section *section)
{
        const struct setting *endpoint = &section->settings[LISTEN_ENDPOINT];
        const struct setting *mode = &section->settings[LISTEN_MODE];
        struct config_listener *listener;
        const char *colon;

        if (!section->is_valid)
                return 0;
        if (mode->place.line != 0 && !value_is_unix(endpoint->value)) {
                report_at(builder->report, SEVERITY_ERROR, &mode->place,
                        "mode: only a unix: endpoint has one");
                return 0;
        }
        listener = arena_alloc(&builder->config->arena, sizeof(*listener));
        if (listener == NULL)
                return -ENOMEM;
        colon = strchr(endpoint->value, ':');
        *listener = (struct config_listener){
                .name = section->name,
                .place = section->place,
                .endpoint = {endpoint->value,
                        value_is_unix(endpoint->value) ? CONFIG_ENDPOINT_UNIX
                                                       : CONFIG_ENDPOINT_INET,
                        colon + 1, -1},
                .mode = value_to_mode(mode->value),
                .owner = {NULL, (uid_t)-1, (gid_t)-1},
                .group = {NULL, (gid_t)-1},
                .directory_mode = (mode_t)-1,
                .directory_owner = {NULL, (uid_t)-1, (gid_t)-1},
                .directory_group = {NULL, (gid_t)-1},
        };
        *builder->listeners_end = listener;
        builder->listeners_end = &listener->next;
        return 0;
}

static int build_map(struct builder *builder, struct section *section)
{
        const struct setting *table = &section->settings[MAP_TABLE];
        struct config_map *map;

        if (!section->is_valid)
                return 0;
        map = arena_alloc(&builder->config->arena, sizeof(*map));
        if (map == NULL)
                return -ENOMEM;
        *map = (struct config_map){
                .name = section->name,
                .place = section->place,
                .table_place = table->place,
                .table = table->value,
                .workers = 4,
                .queue = 1024,
                .auto_reload = true,
                .shrink_limit = 50,
        };
        *builder->maps_end = map;
        builder->maps_end = &map->next;
        return 0;
}

static void build_defaults(struct config *config)
{
        config->server = (struct config_server){
                .user = {NULL, (uid_t)-1, (gid_t)-1},
                .group = {NULL, (gid_t)-1},
                .connections = 4096,
                .request_size = 131072,
                .reply_size = 100000,
                .deadline = 4000,
                .partial_timeout = 100000,
                .stall_timeout = 100000,
                .memory = (uint64_t)32 * 1024 * 1024,
                .backlog = 4096,
                .drain_timeout = 10000,
        };
        config->log.level = CONFIG_LOG_INFO;
        for (size_t i = 0; i < CONFIG_AREAS; i++)
                config->log.levels[i] = CONFIG_LOG_INFO;
}

/*
 * Returns the absolute directory of a file, in the arena; any when the file
 * isn't there, which its reader will tell.
 */
static const char *directory_of(const char *file, struct arena *arena)
{
        char *whole = realpath(file, NULL);
        const char *slash = whole != NULL ? strrchr(whole, '/') : NULL;
        const char *directory;

        if (slash == NULL)
                directory = arena_copy(arena, SPAN_LITERAL("/"));
        else
                directory = arena_copy(arena,
                        (struct span){whole,
                                slash == whole ? 1 : (size_t)(slash - whole)});
        free(whole);
        return directory;
}

static int build(struct builder *builder, struct section *section)
{
        int r = 0;

        for (; section != NULL && r == 0; section = section->next)
                r = section->kind == &section_kinds[SECTION_LISTEN]
                            ? build_listener(builder, section)
                            : build_map(builder, section);
        return r;
}

/* Reads the sections and builds what they declare; reports failures. */
static int fill(struct builder *builder, const char *file)
{
        struct arena *arena = &builder->config->arena;
        const char *directory = directory_of(file, arena);
        struct section *sections;
        int r;

        if (directory == NULL)
                return report_no_memory(builder->report, file);
        r = sections_read(file, directory, arena, builder->report, &sections);
        if (r < 0)
                return r;
        if (build(builder, sections) < 0)
                return report_no_memory(builder->report, file);
        return 0;
}

struct config *config_read(const char *file, struct report *report)
{
        struct config *config = calloc(1, sizeof(*config));
        size_t errors = report->errors;
        struct builder builder = {.config = config, .report = report};

        if (config == NULL) {
                report_no_memory(report, file);
                return NULL;
        }
        arena_init(&config->arena, NULL, 0, CONFIG_SIZE_MAX);
        build_defaults(config);
        builder.listeners_end = &config->listeners;
        builder.maps_end = &config->maps;
        if (fill(&builder, file) == 0 && report->errors == errors)
                return config;
        config_free(config);
        return NULL;
}

void config_free(struct config *config)
{
        if (config == NULL)
                return;
        arena_fini(&config->arena);
        free(config);
}
