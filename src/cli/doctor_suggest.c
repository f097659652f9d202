/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor --suggest: the sections that would take the place of the
 * tables that Postfix opens itself.
 */
#include "cli/doctor.h"
#include "cli/doctor_tables.h"
#include "cli/doctor_uses.h"
#include "cli/doctor_wanted.h"
#include "cli/text.h"

#include "config/section.h"
#include "config/types.h"

#include <stdio.h>
#include <string.h>

static const char introduction[] =
        "\n"
        "# Maps for socketmapd.conf(5) that answer as the tables do which\n"
        "# Postfix opens itself now.\n";

/* The tables that one map would replace. */
struct suggestion {
        const struct use *use;  /* the first */
        const char *tables;     /* as they are in Postfix's configuration */
        const char *spec;       /* as our option has them */
        struct reason unserved; /* why we can't have them; empty: we can */
        bool is_new;            /* one of them is no socketmap of ours */
        const char *name;
};

static const char *append(
        struct doctor *doctor, const char *list, const char *word)
{
        return text_format(&doctor->arena, "%s%s%s", list,
                *list == '\0' ? "" : ", ", word);
}

static void add_table(struct doctor *doctor, struct suggestion *suggestion,
        const struct use *use)
{
        struct reason reason = {.text = ""};
        const char *table = tables_convert(doctor, use, &reason);

        if (use->ours != NULL && tables_are_secret(use->ours)) {
                reason_set(&reason, "map %s is secret", use->ours->name);
                table = NULL;
        }
        suggestion->tables = append(doctor, suggestion->tables, use->table);
        suggestion->spec = append(
                doctor, suggestion->spec, table != NULL ? table : use->table);
        suggestion->is_new = suggestion->is_new || use->map == NULL;
        if (table == NULL && *suggestion->unserved.text == '\0')
                suggestion->unserved = reason;
}

/* Returns the last use of those that the suggestion is for. */
static const struct use *gather(struct doctor *doctor, const struct use *use,
        struct suggestion *ret_suggestion)
{
        struct suggestion suggestion = {
                .use = use, .tables = "", .spec = "", .unserved = {.text = ""}};
        const struct use *last = use;

        for (; use != NULL; use = use_next_in_list(use)) {
                add_table(doctor, &suggestion, use);
                last = use;
        }
        *ret_suggestion = suggestion;
        return last;
}

/* What a map has that doesn't say it itself. */
static const char *default_of(const struct doctor *doctor, const char *option)
{
        const struct section *section = doctor->config->sections;

        while (section->kind != &section_kinds[SECTION_DEFAULTS])
                section = section->next;
        return section_get(section, option)->value;
}

/* Prints it if it is needed; `off` comments it out. */
static void print_option(struct doctor *doctor, const char *off,
        const char *option, const char *value)
{
        const char *without = default_of(doctor, option);

        if (without == NULL || strcmp(without, value) != 0)
                printf("%s%s =%s%s\n", off, option, *value != '\0' ? " " : "",
                        value);
}

static void print_wanted(struct doctor *doctor, const char *off,
        const struct parameter *parameter)
{
        const struct wanted *wanted = wanted_options;
        const char *value;

        for (; wanted->option != NULL; wanted++) {
                value = wanted->value(doctor, parameter);
                if (value != NULL &&
                        !wanted->agrees(doctor, parameter,
                                default_of(doctor, wanted->option)))
                        printf("%s%s =%s%s\n", off, wanted->option,
                                *value != '\0' ? " " : "", value);
        }
}

static void print_options(struct doctor *doctor, const char *off,
        const struct suggestion *suggestion)
{
        const struct parameter *parameter = suggestion->use->parameter;
        enum table_keys keys = tables_keys(doctor, suggestion->spec);

        print_option(doctor, off, "search", order_name(parameter->order));
        if (keys == TABLE_KEYS_ALL)
                print_wanted(doctor, off, parameter);
        /* In a list, an empty value is as good as any. */
        if (parameter->kind == PARAMETER_MATCH_LIST)
                print_option(doctor, off, "empty_value", "ok");
        if (strstr(parameter->name, "_password_maps") != NULL)
                print_option(doctor, off, "secret", "yes");
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
        const struct postconf_setting *setting = suggestion->use->setting;
        const char *off = "";

        printf("\n# %s%s%s: instead of\n#     %s\n# write\n"
               "#     socketmap:%s:%s\n",
                setting->service != NULL ? setting->service : "",
                setting->service != NULL ? " " : "", setting->name,
                suggestion->tables, listener_endpoint(doctor),
                suggestion->name);
        if (*suggestion->unserved.text != '\0') {
                printf("# which socketmapd can't serve: %s\n",
                        suggestion->unserved.text);
                off = "# ";
        }
        printf("%s[map %s]\n%stable = %s\n", off, suggestion->name, off,
                suggestion->spec);
        print_options(doctor, off, suggestion);
}

/* A name that a map has, or that one was suggested under. */
struct name {
        const char *name;
        const struct name *next;
};

static const struct name *add_name(
        struct doctor *doctor, const struct name *names, const char *name)
{
        struct name *added = text_room(&doctor->arena, sizeof(*added));

        *added = (struct name){name, names};
        return added;
}

static bool is_taken(const struct name *names, const char *name)
{
        while (names != NULL && strcmp(names->name, name) != 0)
                names = names->next;
        return names != NULL;
}

static const char *make_name(
        struct doctor *doctor, const struct use *use, const struct name *names)
{
        const char *name = use->parameter->name;

        for (size_t number = 2; is_taken(names, name); number++)
                name = text_format(
                        &doctor->arena, "%s-%zu", use->parameter->name, number);
        return name;
}

/* Returns the last use that was dealt with. */
static const struct use *suggest(
        struct doctor *doctor, const struct use *use, const struct name **names)
{
        struct suggestion suggestion;
        const struct use *last;

        if (use->inside || use->parameter == NULL)
                return use;
        last = gather(doctor, use, &suggestion);
        if (!suggestion.is_new)
                return last;
        if (doctor_is_refused(doctor, use)) {
                printf("\n# %s: %s(8) takes no socketmap here\n",
                        use->setting->name, use->parameter->refuser);
                return last;
        }
        suggestion.name = make_name(doctor, use, *names);
        *names = add_name(doctor, *names, suggestion.name);
        print_suggestion(doctor, &suggestion);
        return last;
}

void doctor_suggest(struct doctor *doctor)
{
        const struct name *names = NULL;

        for (const struct config_map *map = doctor->config->maps; map != NULL;
                map = map->next)
                names = add_name(doctor, names, map->name);
        fputs(introduction, stdout);
        for (const struct use *use = doctor->uses; use != NULL; use = use->next)
                use = suggest(doctor, use, &names);
}
