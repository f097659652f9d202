/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: whether our maps look for the keys that Postfix would look
 * for in a table of its own; of a socketmap it asks for the whole key only.
 */
#include "cli/doctor.h"
#include "cli/doctor_tables.h"
#include "cli/doctor_uses.h"
#include "cli/text.h"

#include "config/section.h"
#include "config/types.h"

#include <string.h>

enum fit {
        FIT_RIGHT,
        FIT_LOSES,  /* exact: keys that Postfix would look for */
        FIT_CHOSEN, /* the same, and somebody has written that it be so */
        FIT_OTHER   /* looks for other keys */
};

static bool is_for_addresses(enum order order)
{
        return order_rewrites(order) || order == ORDER_ADDRESS;
}

static bool has_extensions(const struct doctor *doctor, enum order order)
{
        return *postconf_get(doctor->postconf, "recipient_delimiter") != '\0' &&
               (is_for_addresses(order) || order == ORDER_TRANSPORT ||
                       order == ORDER_ACCESS_MAIL);
}

static enum order order_of(const struct config_map *map)
{
        enum order order = ORDER_EXACT;

        order_parse(span_of(order_names[map->search]), &order);
        return order;
}

/* Whether another search than the parameter's own does the same there. */
static bool is_as_good(const struct parameter *parameter, enum order order)
{
        if (order == parameter->order)
                return true;
        if (!is_for_addresses(order))
                return false;
        /* Those differ in results alone. */
        if (parameter->kind == PARAMETER_RECIPIENTS)
                return is_for_addresses(parameter->order);
        /* Names of domains, which have no '@': exact. */
        return parameter->kind == PARAMETER_MATCH_LIST &&
               parameter->order == ORDER_EXACT;
}

static enum fit fit_of(const struct doctor *doctor, const struct use *use)
{
        enum order order = order_of(use->ours);

        if (is_as_good(use->parameter, order))
                return FIT_RIGHT;
        if (order != ORDER_EXACT)
                return FIT_OTHER;
        if (section_has(use->ours->section, "search") &&
                !has_extensions(doctor, use->parameter->order))
                return FIT_CHOSEN;
        return FIT_LOSES;
}

/* Whether it matters what keys the map looks for. */
static bool has_search(const struct doctor *doctor, const struct use *use)
{
        return use->ours != NULL && use->parameter != NULL && !use->inside &&
               tables_keys(doctor, use->ours->table) == TABLE_KEYS_ALL;
}

/* Whether the map can't be given the search of the parameter because of
 * another: one that it is right for, or an earlier one. */
static const struct use *find_rival(
        const struct doctor *doctor, const struct use *mine)
{
        bool is_before = true;

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                is_before = is_before && use != mine;
                if (use->ours != mine->ours || !has_search(doctor, use) ||
                        is_as_good(use->parameter, mine->parameter->order))
                        continue;
                if (is_before || fit_of(doctor, use) == FIT_RIGHT)
                        return use;
        }
        return NULL;
}

bool doctor_follows_search(const struct doctor *doctor, const struct use *use)
{
        if (!has_search(doctor, use) || use->parameter->order == ORDER_EXACT)
                return false;
        switch (fit_of(doctor, use)) {
        case FIT_RIGHT:
                return true;
        case FIT_CHOSEN:
                return false;
        case FIT_LOSES:
        case FIT_OTHER:
                break;
        }
        return find_rival(doctor, use) == NULL;
}

/* What is not found, with the whole key alone. */
static const char *name_loss(
        const struct doctor *doctor, const struct parameter *parameter)
{
        bool has_more = has_extensions(doctor, parameter->order);

        switch (parameter->order) {
        case ORDER_TRANSPORT:
                return has_more ? "user@domain for user+ext@domain, and the "
                                  "entries of domains"
                                : "the entries of domains";
        case ORDER_ACCESS_MAIL:
                return has_more ? "user@domain for user+ext@domain, and the "
                                  "entries of domains and of user@"
                                : "the entries of domains and of user@";
        case ORDER_ACCESS_CLIENT:
                return "the entries of parent domains and of networks";
        case ORDER_ACCESS_HELO:
        case ORDER_RELAY_DOMAINS:
        case ORDER_NETWORK:
        case ORDER_REQUIRETLS:
                return "the entries of parent domains";
        default:
                return has_more
                               ? "user@domain for user+ext@domain, user alone, "
                                 "and @domain"
                               : "user alone, and @domain";
        }
}

static void tell_rival(
        struct doctor *doctor, const struct use *use, const struct use *rival)
{
        const char *search = order_name(use->parameter->order);

        doctor_find(doctor,
                doctor_fix_map(doctor, use->parameter->name, "search", search),
                "%s and %s use map %s, but need different searches (%s, %s): "
                "give one of them a map of its own",
                rival->setting->name, use->setting->name, use->ours->name,
                order_name(rival->parameter->order), search);
}

static void tell_search(struct doctor *doctor, const struct use *use)
{
        const char *search = order_name(use->parameter->order);
        const char *fix =
                doctor_fix_map(doctor, use->ours->name, "search", search);

        if (fit_of(doctor, use) == FIT_LOSES)
                doctor_find(doctor, fix,
                        "%s: map %s looks for whole keys only, and Postfix "
                        "asks a socketmap for no others; in a table of its own "
                        "it would also find %s",
                        use->setting->name, use->ours->name,
                        name_loss(doctor, use->parameter));
        else
                doctor_find(doctor, fix,
                        "%s: map %s has search = %s, and Postfix looks for "
                        "other keys there",
                        use->setting->name, use->ours->name,
                        order_name(order_of(use->ours)));
}

/* Whether it was told for the same map and parameter, of another service. */
static bool is_told(const struct doctor *doctor, const struct use *mine)
{
        for (const struct use *use = doctor->uses; use != mine; use = use->next)
                if (use->ours == mine->ours && !use->inside &&
                        use->parameter == mine->parameter)
                        return true;
        return false;
}

static void check_search(struct doctor *doctor, const struct use *use)
{
        const struct use *rival;
        enum fit fit;

        if (!has_search(doctor, use) || is_told(doctor, use))
                return;
        fit = fit_of(doctor, use);
        if (fit == FIT_RIGHT || fit == FIT_CHOSEN)
                return;
        rival = find_rival(doctor, use);
        if (rival != NULL)
                tell_rival(doctor, use, rival);
        else
                tell_search(doctor, use);
}

void doctor_check_searches(struct doctor *doctor)
{
        for (const struct use *use = doctor->uses; use != NULL; use = use->next)
                check_search(doctor, use);
}
