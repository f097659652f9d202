/* SPDX-License-Identifier: MIT */
#include "daemon/trace.h"

#include "config/config.h"
#include "daemon/log.h"
#include "daemon/maps.h"
#include "maps/map.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <pthread.h>
#include <socketmap/protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rule {
        struct rule *next;
        char *map;
        char *pattern; /* NULL: every key */
};

/*
 * For the process: worker threads may ask long after the map that they serve
 * is out of use.
 */
static struct {
        pthread_mutex_t mutex;
        struct rule *rules;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void free_rules(struct rule *rule)
{
        while (rule != NULL) {
                struct rule *next = rule->next;

                free(rule->map);
                free(rule->pattern);
                free(rule);
                rule = next;
        }
}

static int copy_rules(
        const struct config_traces *rules, struct rule **ret_rules)
{
        struct rule *copies = NULL;

        for (size_t i = 0; i < rules->count; i++) {
                const struct config_trace *from = &rules->items[i];
                struct rule *rule = calloc(1, sizeof(*rule));

                if (rule == NULL)
                        goto fail;
                rule->next = copies;
                copies = rule;
                rule->map = strdup(from->map);
                if (from->pattern != NULL)
                        rule->pattern = strdup(from->pattern);
                if (rule->map == NULL ||
                        (rule->pattern == NULL) != (from->pattern == NULL))
                        goto fail;
        }
        *ret_rules = copies;
        return 0;

fail:
        free_rules(copies);
        return -ENOMEM;
}

static bool names_map(const struct rule *rule, const char *map)
{
        for (; rule != NULL; rule = rule->next)
                if (strcmp(rule->map, map) == 0)
                        return true;
        return false;
}

static bool matches(const struct rule *rule, const char *map, const char *key)
{
        for (; rule != NULL; rule = rule->next)
                if (strcmp(rule->map, map) == 0 &&
                        (rule->pattern == NULL ||
                                fnmatch(rule->pattern, key, 0) == 0))
                        return true;
        return false;
}

/* Says whether a lookup is to be shown. */
static bool is_wanted(const char *map, struct span key)
{
        char *text = strndup(key.data, key.size);
        bool wanted;

        if (text == NULL)
                return false;
        pthread_mutex_lock(&state.mutex);
        wanted = matches(state.rules, map, text);
        pthread_mutex_unlock(&state.mutex);
        free(text);
        return wanted;
}

/* What was answered besides the status; false: nothing. */
static bool get_answer(bool is_secret, enum socketmap_status status,
        struct span text, struct log_field *ret_field)
{
        if (status == SOCKETMAP_OK && is_secret)
                text = SPAN_LITERAL("(secret)");
        *ret_field = (struct log_field){
                status == SOCKETMAP_OK ? "value" : "reason", text};
        return status == SOCKETMAP_OK || text.size > 0;
}

static void show(void *ctx, const struct map *map, struct span key,
        enum socketmap_status status, struct span text, uint64_t nanoseconds)
{
        const struct map_options *options = map_get_options(map);
        struct log_field fields[5];
        char hash[LOG_HASH_SIZE], time[32];
        size_t count = 0;

        (void)ctx;
        if (!log_wants(CONFIG_AREA_LOOKUP, CONFIG_LOG_INFO) ||
                !is_wanted(options->name, key))
                return;
        snprintf(time, sizeof(time), "%" PRIu64 ".%03u", nanoseconds / 1000,
                (unsigned)(nanoseconds % 1000));
        fields[count++] = (struct log_field){"map", span_of(options->name)};
        count += log_key(key, hash, &fields[count]);
        fields[count++] = (struct log_field){
                "status", span_of(socketmap_status_name(status))};
        count += get_answer(options->secret, status, text, &fields[count]);
        fields[count++] = (struct log_field){"us", span_of(time)};
        log_fields(
                CONFIG_AREA_LOOKUP, CONFIG_LOG_INFO, "lookup", fields, count);
}

int trace_configure(const struct config_traces *rules, const struct maps *maps)
{
        static const struct map_observer observer = {show, NULL};
        struct rule *former, *copies = NULL;
        int r = copy_rules(rules, &copies);

        pthread_mutex_lock(&state.mutex);
        former = state.rules;
        state.rules = copies;
        pthread_mutex_unlock(&state.mutex);
        free_rules(former);
        for (size_t i = 0; i < maps->count; i++) {
                struct map *map = maps->entries[i].map;

                map_set_observer(
                        map, names_map(copies, map_get_options(map)->name)
                                     ? &observer
                                     : NULL);
        }
        return r;
}
