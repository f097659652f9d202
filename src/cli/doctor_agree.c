/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: parameters that mean something for a table of Postfix's
 * own, and nothing for a socketmap, which is asked for the whole key only.
 */
#include "cli/doctor.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/config.h"

#include <string.h>

/* Any key is found in these, whatever Postfix asks for. */
static bool takes_any_key(const struct config_map *map)
{
        return text_after(map->table, "static:") != NULL ||
               text_after(map->table, "fail:") != NULL;
}

static bool has_addresses(enum search search)
{
        return search == SEARCH_VIRTUAL || search == SEARCH_CANONICAL ||
               search == SEARCH_GENERIC || search == SEARCH_ADDRESS ||
               search == SEARCH_TRANSPORT || search == SEARCH_ACCESS_MAIL;
}

/* Returns our map behind a use; NULL when it is no map of ours. */
static const struct config_map *our_map(
        struct doctor *doctor, const struct use *use)
{
        struct looker looker = doctor->postfix;
        const char *path, *real = NULL;
        struct view views[VIEWS_MAX];

        if (!doctor_counts(doctor, use))
                return NULL;
        use_views(doctor->postconf, use, views);
        looker.chrooted = views[0].chrooted;
        path = endpoint_path(use->endpoint);
        if (path != NULL)
                real = endpoint_real_path(&looker, path, &doctor->arena);
        if (endpoint_find_listener(doctor->config, real, use->endpoint) == NULL)
                return NULL;
        return doctor_find_map(doctor, use->map);
}

/* Returns the first use of ours, or NULL, that `matters` holds for. */
static const struct use *find_use(struct doctor *doctor,
        bool (*matters)(const struct doctor *doctor, const struct use *use,
                const struct config_map *map))
{
        const struct config_map *map;

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                map = our_map(doctor, use);
                if (map != NULL && matters(doctor, use, map))
                        return use;
        }
        return NULL;
}

static bool has_extensions(const struct doctor *doctor, const struct use *use,
        const struct config_map *map)
{
        (void)doctor;
        return use->parameter != NULL &&
               has_addresses(use->parameter->search) && !takes_any_key(map);
}

static void check_delimiter(struct doctor *doctor)
{
        const char *set = postconf_get(doctor->postconf, "recipient_delimiter");
        const struct use *use;

        if (*set == '\0')
                return;
        use = find_use(doctor, has_extensions);
        if (use != NULL)
                doctor_find(doctor, "main.cf: recipient_delimiter =",
                        "recipient_delimiter = %s, but Postfix asks a "
                        "socketmap for whole addresses only: user%cext@domain "
                        "is not found by the user@domain in map %s (%s)",
                        set, *set, use->map, use->setting->name);
}

/* The words of a list but one; NULL if that isn't among them. */
static const char *without(
        struct arena *arena, const char *list, const char *name)
{
        struct span rest = span_of(list), word;
        const char *result = "";
        bool found = false;

        while (word_next(&rest, &word)) {
                if (span_equal(word, span_of(name)))
                        found = true;
                else
                        result = text_format(arena, "%s%s%.*s", result,
                                *result == '\0' ? "" : ", ", (int)word.size,
                                word.data);
        }
        return found ? result : NULL;
}

/* Which name parent_domain_matches_subdomains has for it. */
static const char *parent_name(const struct parameter *parameter)
{
        switch (parameter->search) {
        case SEARCH_ACCESS_MAIL:
        case SEARCH_ACCESS_CLIENT:
        case SEARCH_ACCESS_HELO:
                return "smtpd_access_maps";
        default:
                return parameter->name;
        }
}

static bool has_parents(const struct doctor *doctor, const struct use *use,
        const struct config_map *map)
{
        struct span rest = span_of(postconf_get(
                doctor->postconf, "parent_domain_matches_subdomains"));
        struct span word;

        if (use->parameter == NULL || takes_any_key(map))
                return false;
        while (word_next(&rest, &word))
                if (span_equal(word, span_of(parent_name(use->parameter))))
                        return true;
        return false;
}

/* By default it names all of them: only who has set it counts on it. */
static bool is_set(const struct postconf *postconf, const char *name)
{
        const struct postconf_setting *setting;

        for (setting = postconf->settings; setting != NULL;
                setting = setting->next)
                if (setting->service == NULL &&
                        strcmp(setting->name, name) == 0)
                        return true;
        return false;
}

static void check_parents(struct doctor *doctor)
{
        static const char name[] = "parent_domain_matches_subdomains";
        const struct use *use;
        const char *parent;

        if (!is_set(doctor->postconf, name))
                return;
        use = find_use(doctor, has_parents);
        if (use == NULL)
                return;
        parent = parent_name(use->parameter);
        doctor_find(doctor,
                text_format(&doctor->arena, "main.cf: %s = %s", name,
                        without(&doctor->arena,
                                postconf_get(doctor->postconf, name), parent)),
                "%s names %s, but Postfix asks a socketmap for whole names "
                "only: sub.domain is not found by the domain in map %s (%s)",
                name, parent, use->map, use->setting->name);
}

static bool is_any(const struct doctor *doctor, const struct use *use,
        const struct config_map *map)
{
        (void)doctor;
        (void)use;
        return !takes_any_key(map);
}

static void check_utf8(struct doctor *doctor)
{
        const struct use *use;

        if (strcmp(postconf_get(doctor->postconf, "smtputf8_enable"), "no") !=
                0)
                return;
        use = find_use(doctor, is_any);
        if (use != NULL)
                doctor_find(doctor, "main.cf: smtputf8_enable = yes",
                        "smtputf8_enable = no: Postfix compares keys as ASCII, "
                        "map %s as UTF-8 (%s)",
                        use->map, use->setting->name);
}

void doctor_check_agreement(struct doctor *doctor)
{
        check_delimiter(doctor);
        check_parents(doctor);
        check_utf8(doctor);
}
