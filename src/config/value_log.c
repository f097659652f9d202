/* SPDX-License-Identifier: MIT */
/* What the log writes: levels by area, traces. */
#include "base/nearest.h"
#include "config/types.h"
#include "config/values.h"

#include <errno.h>
#include <string.h>

const char *const config_log_level_names[] = {
        [CONFIG_LOG_ERROR] = "error",
        [CONFIG_LOG_WARNING] = "warning",
        [CONFIG_LOG_INFO] = "info",
        [CONFIG_LOG_DEBUG] = "debug",
        NULL,
};

const char *const config_log_area_names[CONFIG_AREAS + 1] = {
        [CONFIG_AREA_CONFIG] = "config",
        [CONFIG_AREA_SERVER] = "server",
        [CONFIG_AREA_TABLE] = "table",
        [CONFIG_AREA_LISTEN] = "listen",
        [CONFIG_AREA_LIFE] = "life",
        [CONFIG_AREA_LOOKUP] = "lookup",
};

/* Finds one of the words, or says which one was probably meant. */
static int find(const char *what, struct span word, const char *const *words,
        struct reason *ret_reason)
{
        struct nearest nearest = {0};
        int found = value_find_word(word, words);

        if (found >= 0)
                return found;
        for (size_t i = 0; words[i] != NULL; i++)
                nearest_add(&nearest, word, words[i]);
        reason_set(ret_reason, "there is no %s \"%.*s\"%s", what,
                (int)word.size, word.data, nearest_ask(&nearest).text);
        return -EINVAL;
}

/* AREA:LEVEL */
static int set_level(const char *text, struct config_area_levels *levels,
        struct reason *ret_reason)
{
        const char *colon = strchr(text, ':');
        int area, level;

        if (colon == NULL) {
                reason_set(ret_reason,
                        "\"%s\": expected AREA:LEVEL, such as lookup:debug",
                        text);
                return -EINVAL;
        }
        area = find("area", (struct span){text, (size_t)(colon - text)},
                config_log_area_names, ret_reason);
        if (area < 0)
                return area;
        level = find("level", span_of(colon + 1), config_log_level_names,
                ret_reason);
        if (level < 0)
                return level;
        levels->is_set[area] = true;
        levels->level[area] = (enum config_log_level)level;
        return 0;
}

static int parse_levels(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        struct config_area_levels *levels = ret_value;
        struct value_words words;
        int r = value_split(input, &words, ret_reason);

        *levels = (struct config_area_levels){{false}, {0}};
        if (r < 0)
                return r;
        for (size_t i = 0; i < words.count && r == 0; i++) {
                input->wrong_at = words.offsets[i];
                r = set_level(words.items[i], levels, ret_reason);
        }
        return r;
}

/* MAP or MAP:PATTERN */
static int set_trace(
        const char *text, struct arena *arena, struct config_trace *ret_trace)
{
        size_t size = strcspn(text, ":");

        ret_trace->map = arena_copy(arena, (struct span){text, size});
        ret_trace->pattern = text[size] == ':' ? text + size + 1 : NULL;
        return ret_trace->map == NULL ? -ENOMEM : 0;
}

static int parse_traces(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        struct config_traces *traces = ret_value;
        struct config_trace *items;
        struct value_words words;
        int r = value_split(input, &words, ret_reason);

        *traces = (struct config_traces){NULL, 0};
        if (r < 0)
                return r;
        items = arena_alloc(input->arena, words.count * sizeof(*items));
        if (items == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < words.count && r == 0; i++)
                r = set_trace(words.items[i], input->arena, &items[i]);
        if (r == 0)
                *traces = (struct config_traces){items, words.count};
        return r;
}

const struct value_type value_levels = {"AREA:LEVEL...", NULL, parse_levels};
const struct value_type value_traces = {"MAP[:PATTERN]...", NULL, parse_traces};
