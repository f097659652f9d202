/* SPDX-License-Identifier: MIT */
#include "daemon/stats.h"

#include "daemon/log.h"
#include "daemon/maps.h"
#include "maps/map.h"

#include <inttypes.h>
#include <socketmap/server.h>
#include <stdio.h>

enum { FIELDS_MAX = 32 };

/* A line under construction. */
struct line {
        struct log_field fields[FIELDS_MAX];
        char numbers[FIELDS_MAX][24];
        size_t count;
};

static void add_number(struct line *line, const char *name, uint64_t value)
{
        char *text = line->numbers[line->count];

        snprintf(text, sizeof(line->numbers[0]), "%" PRIu64, value);
        line->fields[line->count++] = (struct log_field){name, span_of(text)};
}

static void write_line(const struct line *line, const char *text)
{
        log_fields(CONFIG_AREA_SERVER, CONFIG_LOG_INFO, text, line->fields,
                line->count);
}

static void tell_server(const struct socketmap_server *server)
{
        struct line line = {.count = 0};
        const char *name;

        for (int i = 1; (name = socketmap_counter_name(
                                 (enum socketmap_counter)i)) != NULL &&
                        line.count < FIELDS_MAX;
                i++)
                add_number(&line, name,
                        socketmap_server_get_count(
                                server, (enum socketmap_counter)i));
        write_line(&line, "server");
}

static const struct percentile {
        const char *name;
        unsigned percent;
} percentiles[] = {{"p50_ns", 50}, {"p90_ns", 90}, {"p99_ns", 99}};

_Static_assert(
        1 + MAP_COUNTERS + sizeof(percentiles) / sizeof(percentiles[0]) <=
                FIELDS_MAX,
        "a map's line has room for all its fields");

static void tell_map(const struct map *map)
{
        struct line line = {.count = 0};
        struct map_counts counts;

        map_get_counts(map, &counts);
        line.fields[line.count++] =
                (struct log_field){"map", span_of(map_get_options(map)->name)};
        for (int i = 0; i < MAP_COUNTERS; i++)
                add_number(&line, map_counter_name((enum map_counter)i),
                        counts.value[i]);
        for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]);
                i++)
                add_number(&line, percentiles[i].name,
                        map_counts_percentile(&counts, percentiles[i].percent));
        write_line(&line, "map");
}

void stats_tell(const struct socketmap_server *server, const struct maps *maps)
{
        tell_server(server);
        for (size_t i = 0; i < maps->count; i++)
                tell_map(maps->entries[i].map);
}
