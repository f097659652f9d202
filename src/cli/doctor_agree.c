/* SPDX-License-Identifier: MIT */
/*
 * socketmap doctor: options of our maps that have to agree with Postfix's
 * parameters, so that a map answers as a table of Postfix's own would.
 */
#include "cli/doctor.h"
#include "cli/doctor_tables.h"
#include "cli/doctor_uses.h"
#include "cli/doctor_wanted.h"
#include "cli/text.h"

#include "base/braces.h"
#include "config/section.h"
#include "config/types.h"

#include <string.h>

static const char *ours_of(const struct use *use, const struct wanted *wanted)
{
        return section_get(use->ours->section, wanted->option)->value;
}

/* Returns what the map of a use should have there; NULL: it matters nothing. */
static const char *wanted_of(struct doctor *doctor, const struct use *use,
        const struct wanted *wanted)
{
        if (!doctor_follows_search(doctor, use))
                return NULL;
        return wanted->value(doctor, use->parameter);
}

/*
 * Returns another use of the same map that needs the option to stay, or an
 * earlier one that has been told what to change it to; NULL if there is none.
 */
static const struct use *find_rival(struct doctor *doctor,
        const struct use *mine, const struct wanted *wanted, const char *value)
{
        const char *other;
        bool is_before = true;

        for (const struct use *use = doctor->uses; use != NULL;
                use = use->next) {
                is_before = is_before && use != mine;
                if (use == mine || use->ours != mine->ours)
                        continue;
                other = wanted_of(doctor, use, wanted);
                if (other == NULL || strcmp(other, value) == 0)
                        continue;
                if (is_before || wanted->agrees(doctor, use->parameter,
                                         ours_of(use, wanted)))
                        return use;
        }
        return NULL;
}

/* Whether an earlier use has told the same of this map. */
static bool is_told(struct doctor *doctor, const struct use *mine,
        const struct wanted *wanted, const char *value)
{
        const char *other;

        for (const struct use *use = doctor->uses; use != mine;
                use = use->next) {
                if (use->ours != mine->ours)
                        continue;
                other = wanted_of(doctor, use, wanted);
                if (other != NULL && strcmp(other, value) == 0)
                        return true;
        }
        return false;
}

/* Ours may have addresses of the machine that no parameter tells. */
static const char *with_addresses(
        struct doctor *doctor, const char *value, const char *ours)
{
        struct span rest = span_of(ours != NULL ? ours : ""), word;

        while (word_next(&rest, &word))
                if (word.data[0] == '[')
                        value = text_format(&doctor->arena, "%s%s%.*s", value,
                                *value == '\0' ? "" : ", ", (int)word.size,
                                word.data);
        return value;
}

static void tell(struct doctor *doctor, const struct use *use,
        const struct wanted *wanted, const char *value)
{
        const struct use *rival = find_rival(doctor, use, wanted, value);
        const char *map =
                rival != NULL ? use->parameter->name : use->ours->name;
        const char *ours = ours_of(use, wanted);
        const char *fix = value;

        if (strcmp(wanted->option, "mydomains") == 0)
                fix = with_addresses(doctor, value, ours);
        doctor_find(doctor, doctor_fix_map(doctor, map, wanted->option, fix),
                "%s: map %s has %s%s%s, not \"%s\" as main.cf's %s: %s%s%s%s",
                use->setting->name, use->ours->name, wanted->option,
                ours != NULL ? " = " : " not set", ours != NULL ? ours : "",
                value, wanted->parameter, wanted->effect,
                rival != NULL ? "; but that is right for " : "",
                rival != NULL ? rival->setting->name : "",
                rival != NULL ? ": give this one a map of its own" : "");
}

static void check_option(struct doctor *doctor, const struct use *use,
        const struct wanted *wanted)
{
        const char *value = wanted_of(doctor, use, wanted);

        if (value == NULL ||
                wanted->agrees(doctor, use->parameter, ours_of(use, wanted)) ||
                is_told(doctor, use, wanted, value))
                return;
        tell(doctor, use, wanted, value);
}

static void check_utf8(struct doctor *doctor)
{
        const struct use *use = doctor->uses;

        if (strcmp(postconf_get(doctor->postconf, "smtputf8_enable"), "no") !=
                0)
                return;
        while (use != NULL &&
                (use->ours == NULL || tables_keys(doctor, use->ours->table) ==
                                              TABLE_KEYS_ANY))
                use = use->next;
        if (use != NULL)
                doctor_find(doctor, "main.cf: smtputf8_enable = yes",
                        "smtputf8_enable = no: Postfix compares keys as ASCII, "
                        "map %s as UTF-8 (%s)",
                        use->map, use->setting->name);
}

void doctor_check_agreement(struct doctor *doctor)
{
        for (const struct use *use = doctor->uses; use != NULL; use = use->next)
                for (const struct wanted *wanted = wanted_options;
                        wanted->option != NULL; wanted++)
                        check_option(doctor, use, wanted);
        check_utf8(doctor);
}
