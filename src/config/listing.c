/* SPDX-License-Identifier: MIT */
#include "config/listing.h"

#include "config/section.h"

#include <string.h>

static void write_range(FILE *stream, const struct option *option)
{
        const struct units *units = option->type->units;
        const char *const *word = option->range.words;

        if (units != NULL)
                fprintf(stream, "      %s to %s\n",
                        number_format(option->range.least, units).text,
                        number_format(option->range.most, units).text);
        for (; word != NULL && *word != NULL; word++)
                fprintf(stream, "%s%s%s",
                        word == option->range.words ? "      " : ", ", *word,
                        word[1] == NULL ? "\n" : "");
}

static void write_option(FILE *stream, const struct option *option)
{
        fprintf(stream, "  %s = %s\n      %s\n", option->name,
                option->type->placeholder, option->summary);
        write_range(stream, option);
        if (option->required)
                fputs("      required\n", stream);
        if (option->fallback != NULL)
                fprintf(stream, "      default: %s\n", option->fallback);
        if (option->needs_restart)
                fputs("      changes with a restart only\n", stream);
}

void listing_write_options(FILE *stream)
{
        for (size_t i = 0; i < SECTION_KINDS; i++) {
                const struct section_kind *kind = &section_kinds[i];

                fprintf(stream, "%s[%s%s]\n  %s\n\n", i == 0 ? "" : "\n",
                        kind->name, kind->has_name ? " NAME" : "",
                        kind->summary);
                for (size_t j = 0; j < kind->option_count; j++)
                        write_option(stream, &kind->options[j]);
        }
}

static void write_origin(FILE *stream, const struct setting *setting)
{
        if (setting->place.line == 0)
                fputs("# default\n", stream);
        else
                fprintf(stream, "# %s%s:%zu\n",
                        setting->is_inherited ? "[defaults] " : "",
                        setting->place.file, setting->place.line);
}

/* Returns whether the value is one that nobody else may see. */
static bool is_secret(const struct section *section, const char *option)
{
        return section->kind == &section_kinds[SECTION_MAP] &&
               strcmp(option, "table") == 0 &&
               strcmp(section_get(section, "secret")->value, "yes") == 0;
}

static void write_setting(FILE *stream, const struct section *section, size_t i)
{
        const struct option *option = &section->kind->options[i];
        const struct setting *setting = &section->settings[i];

        if (setting->value == NULL) {
                fprintf(stream, "# not set\n# %s = %s\n", option->name,
                        option->type->placeholder);
                return;
        }
        write_origin(stream, setting);
        if (is_secret(section, option->name) &&
                value_table_shows_data(setting->value))
                fprintf(stream, "%s = %.*s:(secret)\n", option->name,
                        (int)strcspn(setting->value, ":"), setting->value);
        else
                fprintf(stream, "%s = %s\n", option->name, setting->value);
}

static void write_section(FILE *stream, const struct section *section)
{
        const struct section_kind *kind = section->kind;

        fprintf(stream, "[%s%s%s]\n", kind->name, kind->has_name ? " " : "",
                kind->has_name ? section->name : "");
        for (size_t i = 0; i < kind->option_count; i++)
                write_setting(stream, section, i);
        fputc('\n', stream);
}

void listing_write_settings(FILE *stream, const struct config *config)
{
        for (size_t i = 0; i < SECTION_KINDS; i++) {
                const struct section *section = config->sections;

                /* What it says is among the settings of the maps. */
                if (i == SECTION_DEFAULTS)
                        continue;
                for (; section != NULL; section = section->next)
                        if (section->kind == &section_kinds[i])
                                write_section(stream, section);
        }
}
