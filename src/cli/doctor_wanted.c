/* SPDX-License-Identifier: MIT */
#include "cli/doctor_wanted.h"

#include "cli/doctor.h"
#include "cli/doctor_params.h"
#include "cli/postconf.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *get(const struct doctor *doctor, const char *name)
{
        return postconf_get(doctor->postconf, name);
}

static bool has_word(const char *list, struct span wanted)
{
        struct span rest = span_of(list), word;

        while (word_next(&rest, &word))
                if (word.size == wanted.size &&
                        strncasecmp(word.data, wanted.data, word.size) == 0)
                        return true;
        return false;
}

static const char *append(
        struct arena *arena, const char *list, struct span word)
{
        return text_format(arena, "%s%s%.*s", list, *list == '\0' ? "" : ", ",
                (int)word.size, word.data);
}

/* Whether it also asks for "user", without a domain. */
static bool has_bare_users(enum order order)
{
        return order_rewrites(order) || order == ORDER_ADDRESS;
}

static const char *delimiter_value(
        struct doctor *doctor, const struct parameter *parameter)
{
        if (!has_bare_users(parameter->order) &&
                parameter->order != ORDER_TRANSPORT &&
                parameter->order != ORDER_ACCESS_MAIL)
                return NULL;
        return get(doctor, "recipient_delimiter");
}

/* They are sets of characters. */
static bool delimiter_agrees(struct doctor *doctor,
        const struct parameter *parameter, const char *ours)
{
        const char *theirs = delimiter_value(doctor, parameter);

        if (ours == NULL)
                ours = "";
        return ours[strspn(ours, theirs)] == '\0' &&
               theirs[strspn(theirs, ours)] == '\0';
}

static bool has_delimiter(
        struct doctor *doctor, const struct parameter *parameter, int delimiter)
{
        const char *set = delimiter_value(doctor, parameter);

        return set != NULL && *set != '\0' &&
               (delimiter == '\0' || strchr(set, delimiter) != NULL);
}

static const char *owner_value(
        struct doctor *doctor, const struct parameter *parameter)
{
        if (!has_delimiter(doctor, parameter, '-'))
                return NULL;
        return has_word(get(doctor, "owner_request_special"),
                       SPAN_LITERAL("yes"))
                       ? "yes"
                       : "no";
}

static bool text_agrees(const char *theirs, const char *ours)
{
        return ours != NULL && strcasecmp(theirs, ours) == 0;
}

static bool owner_agrees(struct doctor *doctor,
        const struct parameter *parameter, const char *ours)
{
        return text_agrees(owner_value(doctor, parameter), ours);
}

static const char *propagate_value(
        struct doctor *doctor, const struct parameter *parameter)
{
        const char *list = get(doctor, "propagate_unmatched_extensions");

        if (!order_rewrites(parameter->order) ||
                !has_delimiter(doctor, parameter, '\0'))
                return NULL;
        return *list != '\0' ? list : "none";
}

static bool propagate_agrees(struct doctor *doctor,
        const struct parameter *parameter, const char *ours)
{
        struct span name = span_of(order_name(parameter->order));

        return has_word(propagate_value(doctor, parameter), name) ==
               (ours != NULL && has_word(ours, name));
}

/* Debian lets myorigin be the name of a file. */
static const char *read_origin(struct doctor *doctor, const char *origin)
{
        FILE *file = *origin == '/' ? fopen(origin, "re") : NULL;
        char *line = NULL;
        size_t room = 0;
        ssize_t size;

        if (file == NULL)
                return *origin == '/' ? "" : origin;
        size = getline(&line, &room, file);
        fclose(file);
        origin = size < 0 ? ""
                          : text_copy(&doctor->arena,
                                    trim((struct span){line, (size_t)size}));
        free(line);
        return origin;
}

/* A table, a file, or what is not to match: no name of a domain. */
static bool is_domain(struct span word)
{
        return word.data[0] == '[' ||
               (memchr(word.data, ':', word.size) == NULL &&
                       word.data[0] != '/' && word.data[0] != '!');
}

static const char *mydomains_value(
        struct doctor *doctor, const struct parameter *parameter)
{
        const char *domains = read_origin(doctor, get(doctor, "myorigin"));
        struct span rest = span_of(get(doctor, "mydestination")), word;

        if (!has_bare_users(parameter->order))
                return NULL;
        while (word_next(&rest, &word))
                if (is_domain(word) && !has_word(domains, word))
                        domains = append(&doctor->arena, domains, word);
        return domains;
}

static bool has_all(const char *list, const char *wanted, bool with_addresses)
{
        struct span rest = span_of(wanted), word;

        while (word_next(&rest, &word))
                if ((with_addresses || word.data[0] != '[') &&
                        !has_word(list, word))
                        return false;
        return true;
}

static bool is_all_domains(const char *list)
{
        struct span rest = span_of(list), word;

        while (word_next(&rest, &word))
                if (!is_domain(word))
                        return false;
        return true;
}

/*
 * Domains in a table we can't know, so ours may have more. [ADDRESS]es are
 * those of interfaces, too.
 */
static bool mydomains_agrees(struct doctor *doctor,
        const struct parameter *parameter, const char *ours)
{
        const char *theirs = mydomains_value(doctor, parameter);

        if (ours == NULL)
                ours = "";
        return has_all(ours, theirs, true) &&
               (!is_all_domains(get(doctor, "mydestination")) ||
                       has_all(theirs, ours, false));
}

static const char *parents_value(
        struct doctor *doctor, const struct parameter *parameter)
{
        const char *name = parameter_parent_name(parameter);

        switch (parameter->order) {
        case ORDER_TRANSPORT:
        case ORDER_ACCESS_MAIL:
        case ORDER_ACCESS_CLIENT:
        case ORDER_ACCESS_HELO:
        case ORDER_RELAY_DOMAINS:
        case ORDER_NETWORK:
                return has_word(get(doctor, "parent_domain_matches_subdomains"),
                               span_of(name))
                               ? "yes"
                               : ".domain";
        default:
                return NULL;
        }
}

static bool parents_agrees(struct doctor *doctor,
        const struct parameter *parameter, const char *ours)
{
        if (text_agrees("by-search", ours))
                ours = parameter->order == ORDER_TRANSPORT ? ".domain" : "yes";
        return text_agrees(parents_value(doctor, parameter), ours);
}

const struct wanted wanted_options[] = {
        {"recipient_delimiter", "recipient_delimiter",
                "extensions begin elsewhere", delimiter_value,
                delimiter_agrees},
        {"owner_request_special", "owner_request_special",
                "owner-LIST and LIST-request are taken apart otherwise",
                owner_value, owner_agrees},
        {"propagate_unmatched_extensions", "propagate_unmatched_extensions",
                "results have other extensions", propagate_value,
                propagate_agrees},
        {"mydomains", "myorigin and mydestination",
                "entries without a domain count for other domains",
                mydomains_value, mydomains_agrees},
        {"parent_domain_matches", "parent_domain_matches_subdomains",
                "other entries count for subdomains", parents_value,
                parents_agrees},
        {0},
};
