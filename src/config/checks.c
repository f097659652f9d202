/* SPDX-License-Identifier: MIT */
#include "config/checks.h"

#include "base/braces.h"
#include "base/nearest.h"
#include "config/section.h"
#include "tables/spec.h"
#include "tables/table.h"

#include <arpa/inet.h>
#include <string.h>

/* Which options a kind of endpoint can't have, and why. */
static const struct misfit {
        const char *option;
        unsigned kinds; /* that it fits: a bit for each */
        const char *reason;
} misfits[] = {
#define KIND(kind) (1U << CONFIG_ENDPOINT_##kind)
        {"mode", KIND(UNIX), "only a unix: endpoint has one"},
        {"owner", KIND(UNIX), "only a unix: endpoint has one"},
        {"group", KIND(UNIX), "only a unix: endpoint has one"},
        {"directory_mode", KIND(UNIX), "only a unix: endpoint has one"},
        {"directory_owner", KIND(UNIX), "only a unix: endpoint has one"},
        {"directory_group", KIND(UNIX), "only a unix: endpoint has one"},
        {"allow_users", ~KIND(INET), "unknown to an inet: endpoint"},
        {"allow_groups", ~KIND(INET), "unknown to an inet: endpoint"},
        {"allow_networks", ~KIND(UNIX), "unknown to a unix: endpoint"},
        {"backlog", KIND(UNIX) | KIND(INET),
                "whoever made the socket has set it"},
#undef KIND
};

static void check_fit(
        const struct config_listener *listener, struct findings *findings)
{
        for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
                const struct misfit *misfit = &misfits[i];
                struct setting *setting =
                        section_get(listener->section, misfit->option);

                if ((misfit->kinds & (1U << listener->endpoint.kind)) != 0)
                        continue;
                if (setting->place.line == 0)
                        setting->value = NULL; /* no fallback either */
                else if (!setting->is_wrong)
                        findings_add(findings, &setting->place, "%s: %s",
                                misfit->option, misfit->reason);
        }
}

/* A directory that isn't made can't be given to anybody. */
static void check_directory(
        const struct config_listener *listener, struct findings *findings)
{
        static const char *const options[] = {
                "directory_owner", "directory_group"};

        if (section_has(listener->section, "directory_mode") ||
                listener->endpoint.kind != CONFIG_ENDPOINT_UNIX)
                return;
        for (size_t i = 0; i < 2; i++)
                if (section_has(listener->section, options[i]))
                        findings_add(findings,
                                &section_get(listener->section, options[i])
                                         ->place,
                                "%s: without directory_mode no directory is "
                                "made",
                                options[i]);
}

/* Copies what stands before the last colon, without brackets. */
static void copy_host(const char *rest, char *host, size_t size)
{
        const char *colon = strrchr(rest, ':');
        struct span text = {rest, colon != NULL ? (size_t)(colon - rest) : 0};

        if (text.size > 1 && text.data[0] == '[') {
                text.data++;
                text.size -= 2;
        }
        if (text.size >= size)
                text.size = size - 1;
        memcpy(host, text.data, text.size);
        host[text.size] = '\0';
}

/* Whether only this machine can connect, whatever names resolve to. */
static bool is_local(const struct config_endpoint *endpoint)
{
        char host[256];
        struct in6_addr v6;
        struct in_addr v4;

        copy_host(endpoint->rest, host, sizeof(host));
        if (*host == '\0' || strcmp(host, "localhost") == 0)
                return true;
        if (inet_pton(AF_INET, host, &v4) == 1)
                return ntohl(v4.s_addr) >> 24 == 127;
        return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static void check_reach(
        const struct config_listener *listener, struct findings *findings)
{
        if (listener->endpoint.kind != CONFIG_ENDPOINT_INET ||
                is_local(&listener->endpoint) ||
                section_has(listener->section, "allow_networks"))
                return;
        findings_add(findings,
                &section_get(listener->section, "endpoint")->place,
                "endpoint: not only this machine can connect there: say who "
                "may, such as allow_networks = 192.0.2.0/24");
}

/* Returns whether a second listener on it could never listen. */
static bool is_same(
        const struct config_endpoint *a, const struct config_endpoint *b)
{
        const char *colon;

        if (a->text == NULL || b->text == NULL || a->kind != b->kind ||
                strcmp(a->rest, b->rest) != 0)
                return false;
        /* The system chooses a port for each that has none. */
        colon = strrchr(a->text, ':');
        return a->kind != CONFIG_ENDPOINT_INET || strcmp(colon, ":0") != 0;
}

static void check_single(const struct config *config,
        const struct config_listener *listener, struct findings *findings)
{
        const struct config_listener *other = config->listeners;

        while (other != listener &&
                !is_same(&other->endpoint, &listener->endpoint))
                other = other->next;
        if (other != listener)
                findings_add(findings,
                        &section_get(listener->section, "endpoint")->place,
                        "endpoint: [listen %s] has it already, in line %zu",
                        other->name,
                        section_get(other->section, "endpoint")->place.line);
}

static bool has_map(
        const struct config *config, struct span name, struct nearest *nearest)
{
        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next) {
                if (span_equal(name, span_of(map->name)))
                        return true;
                nearest_add(nearest, name, map->name);
        }
        return false;
}

static void check_map_name(const struct config *config, struct span name,
        const char *option, const struct place *place,
        struct findings *findings)
{
        struct nearest nearest = {0};

        if (has_map(config, name, &nearest))
                return;
        findings_add(findings, place, "%s: there is no [map %.*s]%s", option,
                (int)name.size, name.data, nearest_ask(&nearest).text);
}

/* Where something in the value of a setting stands. */
static struct place place_in(const struct setting *setting, const char *at,
        struct findings *findings)
{
        return source_advance(findings_get_source(findings, &setting->place),
                &findings->arena, setting->place,
                (size_t)(at - setting->value));
}

/* Looks at a list of maps; what stands behind a colon is no map's name. */
static void check_map_names(const struct config *config,
        const struct section *section, const char *option,
        struct findings *findings)
{
        const struct setting *setting = section_get(section, option);
        struct span rest, word;

        if (setting->value == NULL || setting->is_wrong)
                return;
        rest = span_of(setting->value);
        while (word_next(&rest, &word)) {
                struct place place = place_in(setting, word.data, findings);
                const char *colon = memchr(word.data, ':', word.size);

                if (colon != NULL)
                        word.size = (size_t)(colon - word.data);
                check_map_name(config, word, option, &place, findings);
        }
}

/* A table that may be another map, by its name. */
struct nested {
        const struct config *config;
        const struct config_map *map; /* whose table it is */
        struct findings *findings;
};

/* A secret map's table is not shown, so that no name in it is. */
static void check_nested_name(const struct nested *nested, struct span name)
{
        struct place place =
                place_in(section_get(nested->map->section, "table"), name.data,
                        nested->findings);
        struct nearest nearest = {0};

        if (!nested->map->secret)
                check_map_name(nested->config, name, "table", &place,
                        nested->findings);
        else if (!has_map(nested->config, name, &nearest))
                findings_add_hidden(nested->findings, &place,
                        "table: names a map that there is not");
}

static int check_nested(
        void *ctx, const struct table_type *type, struct span argument)
{
        if (type != NULL && strcmp(type->name, "map") == 0)
                check_nested_name(ctx, argument);
        return 0;
}

static void check_map(const struct config *config, const struct config_map *map,
        struct findings *findings)
{
        const struct setting *setting = section_get(map->section, "table");
        struct nested nested = {config, map, findings};

        if (setting->value != NULL && !setting->is_wrong)
                spec_walk(span_of(setting->value), check_nested, &nested);
}

static void check_listener(const struct config *config,
        const struct config_listener *listener, struct findings *findings)
{
        check_map_names(config, listener->section, "map_allow", findings);
        if (listener->endpoint.text == NULL)
                return;
        check_fit(listener, findings);
        check_directory(listener, findings);
        check_reach(listener, findings);
        check_single(config, listener, findings);
}

/* Only the entry of a user tells its group. */
static void check_identity(const struct config *config,
        const struct section *section, struct findings *findings)
{
        const struct config_server *server = &config->server;

        if (server->user.name != NULL && server->user.gid == (gid_t)-1 &&
                server->group.name == NULL && !section_has(section, "group"))
                findings_add(findings, &section_get(section, "user")->place,
                        "user: this machine has no user %s, so that group is "
                        "needed, too",
                        server->user.name);
}

void checks_run(const struct config *config, struct findings *findings)
{
        const struct section *section = config->sections;

        for (; section != NULL; section = section->next) {
                if (section->kind == &section_kinds[SECTION_LOG])
                        check_map_names(config, section, "trace", findings);
                if (section->kind == &section_kinds[SECTION_SERVER])
                        check_identity(config, section, findings);
        }
        for (const struct config_listener *listener = config->listeners;
                listener != NULL; listener = listener->next)
                check_listener(config, listener, findings);
        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next)
                check_map(config, map, findings);
}
