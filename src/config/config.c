/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/checks.h"
#include "config/fill.h"
#include "config/findings.h"
#include "config/section.h"
#include "config/sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Far more than a file written by a person, inline tables included. */
#define CONFIG_SIZE_MAX ((size_t)256 * 1024 * 1024)

struct builder {
        struct config *config;
        struct config_listener **listeners_end;
        struct config_map **maps_end;
        struct findings *findings;
};

static int build_listener(struct builder *builder, struct section *section)
{
        struct arena *arena = &builder->config->arena;
        struct config_listener *listener =
                arena_alloc(arena, sizeof(*listener));

        if (listener == NULL)
                return -ENOMEM;
        *listener = (struct config_listener){
                .name = section->name,
                .place = section->place,
                .section = section,
        };
        *builder->listeners_end = listener;
        builder->listeners_end = &listener->next;
        return fill_values(section, arena, builder->findings, listener);
}

static int build_map(struct builder *builder, struct section *section)
{
        struct arena *arena = &builder->config->arena;
        struct config_map *map = arena_alloc(arena, sizeof(*map));

        if (map == NULL)
                return -ENOMEM;
        *map = (struct config_map){
                .name = section->name,
                .place = section->place,
                .section = section,
                .table_place = section_get(section, "table")->place,
        };
        *builder->maps_end = map;
        builder->maps_end = &map->next;
        return fill_values(section, arena, builder->findings, map);
}

/* The maps have what it says already; it can be wrong by itself, though. */
static int check_defaults(struct builder *builder, struct section *section)
{
        struct config_map ignored;

        return fill_values(
                section, &builder->config->arena, builder->findings, &ignored);
}

static int build_section(struct builder *builder, struct section *section)
{
        struct config *config = builder->config;

        switch (section->kind - section_kinds) {
        case SECTION_SERVER:
                return fill_values(section, &config->arena, builder->findings,
                        &config->server);
        case SECTION_LOG:
                return fill_values(section, &config->arena, builder->findings,
                        &config->log);
        case SECTION_LISTEN:
                return build_listener(builder, section);
        case SECTION_MAP:
                return build_map(builder, section);
        default:
                return check_defaults(builder, section);
        }
}

static void set_levels(struct config_log *log)
{
        for (size_t i = 0; i < CONFIG_AREAS; i++)
                log->levels[i] = log->area_levels.is_set[i]
                                         ? log->area_levels.level[i]
                                         : (enum config_log_level)log->level;
}

/* Reads the sections and builds what they declare. */
static int fill(
        struct builder *builder, const char *file, struct report *report)
{
        struct config *config = builder->config;
        struct section *section;
        int r = sections_read(file, &config->arena, builder->findings, report,
                &config->sections);

        if (r < 0)
                return r;
        fill_left_out(config->sections, builder->findings);
        for (section = config->sections; section != NULL && r == 0;
                section = section->next)
                r = build_section(builder, section);
        if (r < 0)
                return r;
        set_levels(&config->log);
        checks_run(config, builder->findings);
        return 0;
}

struct config *config_read(const char *file, struct report *report)
{
        struct config *config = calloc(1, sizeof(*config));
        struct findings findings;
        struct builder builder = {.config = config, .findings = &findings};
        int r = -ENOMEM;

        findings_init(&findings);
        if (config != NULL) {
                arena_init(&config->arena, NULL, 0, CONFIG_SIZE_MAX);
                builder.listeners_end = &config->listeners;
                builder.maps_end = &config->maps;
                r = fill(&builder, file, report);
        }
        findings_tell(&findings, report);
        if (r < 0)
                report_at(report, SEVERITY_ERROR, NULL, "%s: %s", file,
                        strerror(-r));
        if (r < 0 || findings.count > 0) {
                config_free(config);
                config = NULL;
        }
        findings_fini(&findings);
        return config;
}

size_t config_count_maps(const struct config *config)
{
        size_t count = 0;

        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next)
                count++;
        return count;
}

void config_free(struct config *config)
{
        if (config == NULL)
                return;
        arena_fini(&config->arena);
        free(config);
}
