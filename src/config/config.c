/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/sections.h"
#include "maps/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Far more than a file written by a person, inline tables included. */
#define CONFIG_SIZE_MAX ((size_t)256 * 1024 * 1024)

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
        *listener = (struct config_listener){
                .name = section->name,
                .endpoint = endpoint->value,
                .mode = value_to_mode(mode->value),
        };
        *builder->listeners_end = listener;
        builder->listeners_end = &listener->next;
        return 0;
}

static int build_map(struct builder *builder, struct section *section)
{
        const struct setting *table = &section->settings[MAP_TABLE];
        struct table_env env = {.report = builder->report};
        struct config_map *map;
        struct reason reason;

        if (!section->is_valid)
                return 0;
        map = arena_alloc(&builder->config->arena, sizeof(*map));
        if (map == NULL)
                return -ENOMEM;
        *map = (struct config_map){
                .name = section->name,
                .map = map_open(&env, section->name, table->value, &reason),
        };
        if (map->map == NULL) {
                report_at(builder->report, SEVERITY_ERROR, &table->place,
                        "table: %s", reason.text);
                return 0;
        }
        *builder->maps_end = map;
        builder->maps_end = &map->next;
        return 0;
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
        for (struct config_map *map = config->maps; map != NULL;
                map = map->next)
                map_close(map->map);
        arena_fini(&config->arena);
        free(config);
}
