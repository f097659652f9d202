/* SPDX-License-Identifier: MIT */
#include "config/fill.h"

#include <errno.h>

static const struct section *find_defaults(const struct section *section)
{
        while (section != NULL &&
                section->kind != &section_kinds[SECTION_DEFAULTS])
                section = section->next;
        return section;
}

static void inherit(struct section *section, const struct section *defaults)
{
        for (size_t i = 0; i < defaults->kind->option_count; i++) {
                const struct setting *from = &defaults->settings[i];
                struct setting *to = &section->settings[i + MAP_FIRST_DEFAULT];

                if (to->value != NULL || from->value == NULL)
                        continue;
                *to = *from;
                to->is_inherited = true;
        }
}

/* Reports what is required and absent, fills in fallbacks. */
static void fall_back(struct section *section, struct findings *findings)
{
        const struct section_kind *kind = section->kind;

        for (size_t i = 0; i < kind->option_count; i++) {
                const struct option *option = &kind->options[i];

                if (section->settings[i].value != NULL)
                        continue;
                section->settings[i].value = option->fallback;
                if (option->required)
                        findings_add(findings, &section->place,
                                "[%s %s] lacks \"%s = %s\"", kind->name,
                                section->name, option->name,
                                option->type->placeholder);
        }
}

static bool is_secret(const struct section *section)
{
        return section->kind == &section_kinds[SECTION_MAP] &&
               strcmp(section_get(section, "secret")->value, "no") != 0;
}

/* What is wrong with the syntax of a secret map may show its values. */
static void hide_secrets(
        const struct section *section, struct findings *findings)
{
        for (; section != NULL; section = section->next)
                if (is_secret(section))
                        findings_hide(findings, &section->place,
                                section->next != NULL ? &section->next->place
                                                      : NULL);
}

void fill_left_out(struct section *sections, struct findings *findings)
{
        const struct section *defaults = find_defaults(sections);
        struct section *section;

        /* All maps inherit before [defaults] gets its own fallbacks. */
        for (section = sections; section != NULL; section = section->next)
                if (section->kind == &section_kinds[SECTION_MAP] &&
                        defaults != NULL)
                        inherit(section, defaults);
        for (section = sections; section != NULL; section = section->next)
                fall_back(section, findings);
        hide_secrets(sections, findings);
}

/* The text of a secret map's table may hold its values. */
static bool is_hidden(const struct section *section, size_t i)
{
        return is_secret(section) &&
               section->kind->options[i].type == &value_table &&
               value_table_shows_data(section->settings[i].value);
}

static void report_wrong(struct findings *findings,
        const struct section *section, size_t i, size_t offset,
        const char *reason)
{
        const struct setting *setting = &section->settings[i];
        const char *name = section->kind->options[i].name;
        struct source *source = findings_get_source(findings, &setting->place);
        struct place place = source_advance(
                source, &findings->arena, setting->place, offset);

        if (is_hidden(section, i))
                findings_add_hidden(findings, &place,
                        "%s: wrong; more is not told of a secret map", name);
        else
                findings_add(findings, &place, "%s: %s", name, reason);
}

static int fill_value(struct section *section, size_t i, struct arena *arena,
        struct findings *findings, char *values)
{
        const struct option *option = &section->kind->options[i];
        struct setting *setting = &section->settings[i];
        const struct source *source =
                findings_get_source(findings, &setting->place);
        struct value_input input = {
                .text = setting->value,
                .range = option->range,
                .directory = source != NULL ? source->directory : "/",
                .arena = arena,
        };
        struct reason reason;
        int r = option->type->parse(&input, values + option->offset, &reason);

        if (r == 0 || r == -ENOMEM)
                return r;
        setting->is_wrong = true;
        /* What [defaults] says wrong is told there, once. */
        if (!setting->is_inherited)
                report_wrong(findings, section, i, input.wrong_at, reason.text);
        input.text = NULL;
        return option->type->parse(&input, values + option->offset, &reason);
}

int fill_values(struct section *section, struct arena *arena,
        struct findings *findings, void *ret_values)
{
        int r = 0;

        for (size_t i = 0; i < section->kind->option_count && r == 0; i++)
                r = fill_value(section, i, arena, findings, ret_values);
        return r;
}
