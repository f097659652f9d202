/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor --suggest: the sections that would take the place of the
 * tables that Postfix opens itself.
 */
#include "cli/doctor.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/config.h"
#include "config/values.h"

#include <stdio.h>
#include <string.h>

static const char introduction[] =
        "\n"
        "# Maps for socketmapd.conf(5). Of a socketmap Postfix asks for whole\n"
        "# keys only, and this version of socketmapd looks up no others: the\n"
        "# options in comments, which it doesn't have, say how Postfix looks\n"
        "# up keys in a table of its own. Move a table only if it needs none\n"
        "# of this.\n";

/* The tables that one map would replace. */
struct suggestion {
        const struct use *use; /* the first */
        const char *tables;    /* as they are in Postfix's configuration */
        const char *spec;      /* as our option has them */
        size_t count;
        const char *name;
};

/* Types of Postfix whose source is a text file beside the table. */
static const char *const built_types[] = {
        "hash:", "btree:", "cdb:", "lmdb:", "dbm:", "sdbm:"};

static bool is_served(
        struct doctor *doctor, const char *table, struct reason *ret_reason)
{
        struct value_input input = {
                .text = table, .directory = "/", .arena = &doctor->arena};
        const char *value;

        return value_table.parse(&input, &value, ret_reason) == 0;
}

/* Returns the table as it would be ours: its source, if it is built of one. */
static const char *convert(struct doctor *doctor, const char *table)
{
        const char *plain = text_after(table, "proxy:"), *file;
        struct reason reason;

        if (plain == NULL)
                plain = table;
        if (is_served(doctor, plain, &reason))
                return plain;
        for (size_t i = 0; i < sizeof(built_types) / sizeof(*built_types);
                i++) {
                file = text_after(plain, built_types[i]);
                if (file != NULL)
                        return text_format(&doctor->arena, "texthash:%s", file);
        }
        return plain;
}

/* Every table of a list of maps is asked for a key before the next key is. */
static bool is_one_map(const struct use *use, const struct use *next)
{
        return next != NULL && next->setting == use->setting &&
               next->parameter == use->parameter &&
               use->parameter->kind == PARAMETER_MAPS &&
               parameter_find(use->parameter->name) != NULL;
}

/* Returns the use behind those of the suggestion. */
static const struct use *gather(struct doctor *doctor, const struct use *use,
        struct suggestion *ret_suggestion)
{
        struct suggestion suggestion = {.use = use, .tables = "", .spec = ""};
        const struct use *next = use;

        do {
                const char *comma = suggestion.count > 0 ? ", " : "";

                suggestion.tables = text_format(&doctor->arena, "%s%s%s",
                        suggestion.tables, comma, next->table);
                suggestion.spec = text_format(&doctor->arena, "%s%s%s",
                        suggestion.spec, comma, convert(doctor, next->table));
                suggestion.count++;
                next = next->next;
        } while (is_one_map(use, next));
        *ret_suggestion = suggestion;
        return next;
}

static bool is_named(const char *list, const char *name)
{
        struct span rest = span_of(list), word;

        while (word_next(&rest, &word))
                if (span_equal(word, span_of(name)))
                        return true;
        return false;
}

static void print_local(struct doctor *doctor, enum search search)
{
        const struct postconf *postconf = doctor->postconf;
        const char *propagate =
                postconf_get(postconf, "propagate_unmatched_extensions");

        if (search == SEARCH_VIRTUAL || search == SEARCH_CANONICAL ||
                search == SEARCH_GENERIC)
                printf("# propagate_unmatched_extensions = %s\n",
                        is_named(propagate, search_names[search]) ? "yes"
                                                                  : "no");
        printf("# mydomains = %s, %s\n", postconf_get(postconf, "myorigin"),
                postconf_get(postconf, "mydestination"));
}

static void print_delimiter(struct doctor *doctor)
{
        const struct postconf *postconf = doctor->postconf;
        const char *delimiter = postconf_get(postconf, "recipient_delimiter");

        if (*delimiter == '\0')
                return;
        printf("# recipient_delimiter = %s\n", delimiter);
        if (strchr(delimiter, '-') != NULL)
                printf("# owner_request_special = %s\n",
                        postconf_get(postconf, "owner_request_special"));
}

static void print_parents(struct doctor *doctor, const char *name)
{
        printf("# parent_domain_matches = %s\n",
                is_named(postconf_get(doctor->postconf,
                                 "parent_domain_matches_subdomains"),
                        name)
                        ? "yes"
                        : ".domain");
}

/* What Postfix does in a table of its own. */
static void print_search(
        struct doctor *doctor, const struct parameter *parameter)
{
        enum search search = parameter->search;

        printf("# search = %s\n", search_names[search]);
        switch (search) {
        case SEARCH_VIRTUAL:
        case SEARCH_CANONICAL:
        case SEARCH_GENERIC:
        case SEARCH_ADDRESS:
                print_delimiter(doctor);
                print_local(doctor, search);
                break;
        case SEARCH_TRANSPORT:
                print_delimiter(doctor);
                print_parents(doctor, parameter->name);
                break;
        case SEARCH_ACCESS_MAIL:
                print_delimiter(doctor);
                print_parents(doctor, "smtpd_access_maps");
                break;
        case SEARCH_ACCESS_CLIENT:
        case SEARCH_ACCESS_HELO:
                print_parents(doctor, "smtpd_access_maps");
                break;
        case SEARCH_RELAY_DOMAINS:
        case SEARCH_NETWORK:
                print_parents(doctor, parameter->name);
                break;
        default:
                break;
        }
}

static const char *listener_endpoint(struct doctor *doctor)
{
        const struct config_listener *listener;
        const char *endpoint;

        for (listener = doctor->config->listeners; listener != NULL;
                listener = listener->next) {
                endpoint = endpoint_for_postfix(
                        doctor->postfix.directory, listener, &doctor->arena);
                if (endpoint != NULL)
                        return endpoint;
        }
        return "ENDPOINT";
}

static void print_suggestion(
        struct doctor *doctor, const struct suggestion *suggestion)
{
        const struct use *use = suggestion->use;
        struct reason reason = {0};
        const char *off = "";

        printf("\n# %s%s%s: instead of\n#     %s\n# write\n"
               "#     socketmap:%s:%s\n",
                use->setting->service != NULL ? use->setting->service : "",
                use->setting->service != NULL ? " " : "", use->setting->name,
                suggestion->tables, listener_endpoint(doctor),
                suggestion->name);
        if (suggestion->count > 1)
                reason_set(&reason, "a map has one table");
        if (suggestion->count > 1 ||
                !is_served(doctor, suggestion->spec, &reason)) {
                printf("# which socketmapd can't serve: %s\n", reason.text);
                off = "# ";
        }
        printf("%s[map %s]\n%stable = %s\n", off, suggestion->name, off,
                suggestion->spec);
        print_search(doctor, use->parameter);
}

/* Returns how many tables before have a parameter of this name. */
static size_t count_before(const struct doctor *doctor, const struct use *mine)
{
        const struct use *use = doctor->uses;
        size_t count = 0;

        for (; use != mine; use = use->next)
                if (use->map == NULL && use->parameter == mine->parameter)
                        count++;
        return count;
}

static const char *make_name(struct doctor *doctor, const struct use *use)
{
        size_t number = count_before(doctor, use) + 1;
        const char *name = use->parameter->name;
        const struct config_map *map;

        for (map = doctor->config->maps; map != NULL; map = map->next)
                if (strcmp(map->name, name) == 0)
                        number = number == 1 ? 2 : number;
        if (number == 1)
                return name;
        return text_format(&doctor->arena, "%s-%zu", name, number);
}

void doctor_suggest(struct doctor *doctor)
{
        const struct use *use = doctor->uses, *next;
        struct suggestion suggestion;

        fputs(introduction, stdout);
        for (; use != NULL; use = next) {
                next = use->next;
                if (use->map != NULL || use->parameter == NULL)
                        continue;
                if (doctor_is_refused(doctor, use)) {
                        printf("\n# %s: %s(8) takes no socketmap here\n",
                                use->setting->name, use->parameter->refuser);
                        continue;
                }
                next = gather(doctor, use, &suggestion);
                suggestion.name = make_name(doctor, use);
                print_suggestion(doctor, &suggestion);
        }
}
