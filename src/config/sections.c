/* SPDX-License-Identifier: MIT */
#include "config/sections.h"

#include "base/lines.h"
#include "config/heading.h"
#include "config/include.h"
#include "config/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n\v\f"
#define DEPTH_MAX 8

struct reader {
        struct arena *arena;
        struct findings *findings;
        struct report *warnings;
        struct section *sections, **end;

        /* Where it reads. */
        const struct source *source; /* NULL: not yet */
        struct lines *lines;
        struct section *current; /* NULL: keys have no section */
        bool skips;              /* ... because its heading was wrong */
        bool has_wrong_heading;
        bool after_include; /* ... which has ended the section before */
};

static struct place place_of(const struct reader *reader, size_t offset)
{
        struct place place = lines_place(reader->lines, offset);

        place.file = reader->source->file;
        return place;
}

/* Adds an error at a byte of the current line. */
#define ERROR_AT(reader, offset, ...)                                        \
        do {                                                                 \
                struct place error_place = place_of((reader), (offset));     \
                findings_add((reader)->findings, &error_place, __VA_ARGS__); \
        } while (0)

static const struct section *find_section(const struct reader *reader,
        const struct section_kind *kind, struct span name)
{
        const struct section *section = reader->sections;

        while (section != NULL &&
                (section->kind != kind ||
                        (kind->has_name &&
                                !span_equal(name, span_of(section->name)))))
                section = section->next;
        return section;
}

/* Where something was said first. */
static struct phrase format_former(
        const struct reader *reader, const struct place *former)
{
        struct phrase phrase;

        if (former->file == reader->source->file)
                snprintf(phrase.text, sizeof(phrase.text), "line %zu",
                        former->line);
        else
                snprintf(phrase.text, sizeof(phrase.text), "%s:%zu",
                        former->file, former->line);
        return phrase;
}

static int add_section(struct reader *reader, const struct section_kind *kind,
        struct span name, struct place place)
{
        struct section *section = section_new(kind, name, place, reader->arena);

        if (section == NULL)
                return -ENOMEM;
        *reader->end = section;
        reader->end = &section->next;
        reader->current = section;
        reader->skips = false;
        return 0;
}

/* Returns the kind of a heading, or NULL after an error. */
static const struct section_kind *check_heading(
        struct reader *reader, const char *text, struct heading *ret_heading)
{
        const struct section_kind *kind;
        size_t offset;
        const char *complaint = heading_split(text, ret_heading, &offset);
        struct span name;

        if (complaint != NULL) {
                ERROR_AT(reader, offset, "%s", complaint);
                return NULL;
        }
        name = ret_heading->kind;
        kind = kind_find(name);
        if (kind == NULL)
                ERROR_AT(reader, (size_t)(name.data - text),
                        "unknown kind of section \"%.*s\", %s", (int)name.size,
                        name.data, kind_explain(name).text);
        else if (kind->has_name && ret_heading->name.size == 0)
                ERROR_AT(reader, 0, "expected \"[%s NAME]\"", kind->name);
        else if (!kind->has_name && ret_heading->name.size > 0)
                ERROR_AT(reader, (size_t)(ret_heading->name.data - text),
                        "[%s] has no name", kind->name);
        else
                return kind;
        return NULL;
}

static int read_heading(struct reader *reader, const char *text)
{
        const struct section_kind *kind;
        const struct section *former;
        struct heading heading;

        reader->current = NULL;
        reader->skips = true;
        kind = check_heading(reader, text, &heading);
        if (kind == NULL) {
                reader->has_wrong_heading = true;
                return 0;
        }
        former = find_section(reader, kind, heading.name);
        if (former != NULL)
                ERROR_AT(reader,
                        kind->has_name ? (size_t)(heading.name.data - text) : 0,
                        "%s is there already, in %s",
                        kind_format(kind, former->name).text,
                        format_former(reader, &former->place).text);
        return add_section(reader, kind, heading.name, place_of(reader, 0));
}

/* Reads the line of an option of the current section. */
static int read_option(
        struct reader *reader, struct span key, struct span value)
{
        struct section *section = reader->current;
        const struct section_kind *kind = section->kind;
        size_t i = kind_find_option(kind, key);
        struct setting *setting;

        if (i == kind->option_count) {
                ERROR_AT(reader, 0, "%s has no option \"%.*s\"%s",
                        kind_format(kind, section->name).text, (int)key.size,
                        key.data, kind_explain_option(kind, key).text);
                return 0;
        }
        setting = &section->settings[i];
        if (setting->value != NULL) {
                ERROR_AT(reader, 0, "\"%s\" has a value already, in %s",
                        kind->options[i].name,
                        format_former(reader, &setting->place).text);
                return 0;
        }
        setting->value = arena_copy(reader->arena, value);
        setting->place = place_of(reader, (size_t)(value.data - key.data));
        return setting->value == NULL ? -ENOMEM : 0;
}

static int read_file(struct reader *reader, const char *file,
        const struct place *included_at);

static int read_include(
        struct reader *reader, const char *pattern, struct place place)
{
        struct included included;
        struct reason reason;
        int r;

        if (*pattern == '\0') {
                findings_add(
                        reader->findings, &place, "include: expected a file");
                return 0;
        }
        r = include_expand(pattern, reader->source->directory, reader->arena,
                &included, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                findings_add(
                        reader->findings, &place, "include: %s", reason.text);
                return 0;
        }
        for (size_t i = 0; i < included.count && r == 0; i++)
                r = read_file(reader, included.files[i], &place);
        return r;
}

/* Reads "key = value", split as Postfix does. */
static int read_assignment(
        struct reader *reader, const char *text, size_t text_size)
{
        size_t size = strcspn(text, "=" BLANKS);
        const char *equals = text + size + strspn(text + size, BLANKS);
        struct span key = {text, size};
        const char *value;

        if (reader->skips && !span_equal(key, SPAN_LITERAL("include")))
                return 0;
        if (size == 0 || *equals != '=') {
                ERROR_AT(reader, (size_t)(equals - text),
                        "expected \"KEY = VALUE\" or \"[KIND NAME]\"");
                return 0;
        }
        value = equals + 1 + strspn(equals + 1, BLANKS);
        if (span_equal(key, SPAN_LITERAL("include"))) {
                reader->current = NULL;
                reader->skips = false;
                reader->after_include = true;
                return read_include(reader, value,
                        place_of(reader, (size_t)(value - text)));
        }
        if (reader->current != NULL)
                return read_option(reader, key,
                        (struct span){
                                value, (size_t)(text + text_size - value)});
        ERROR_AT(reader, 0, "\"%.*s\" stands in no section%s", (int)size, text,
                reader->after_include ? ": an include ends the one before"
                                      : "");
        return 0;
}

/* Reads all lines. Returns 0, or a negative errno with the reason. */
static int read_lines(struct reader *reader, struct reason *ret_reason)
{
        char *text;
        size_t size;
        int r;

        for (;;) {
                r = lines_next(reader->lines, reader->warnings, &text, &size,
                        ret_reason);
                if (r <= 0)
                        return r;
                r = *text == '[' ? read_heading(reader, text)
                                 : read_assignment(reader, text, size);
                if (r < 0)
                        return r;
        }
}

/* Reads the lines of a source, and comes back to the one before. */
static int read_source(struct reader *reader, struct source *source)
{
        const struct source *outer = reader->source;
        struct lines *outer_lines = reader->lines;
        struct reason reason;
        int r = -ENOMEM;

        source->parent = outer;
        findings_add_source(reader->findings, source);
        reader->source = source;
        reader->lines = lines_open_text(source->file, source->text, &reason);
        if (reader->lines != NULL)
                r = read_lines(reader, &reason);
        lines_close(reader->lines);
        reader->lines = outer_lines;
        reader->source = outer;
        reader->current = NULL;
        reader->skips = false;
        return r;
}

/* Returns NULL, or why a file can't be included here. */
static const char *check_depth(
        const struct reader *reader, const struct source *source)
{
        size_t depth = 1;

        for (const struct source *outer = reader->source; outer != NULL;
                outer = outer->parent) {
                if (strcmp(outer->path, source->path) == 0)
                        return "includes itself";
                depth++;
        }
        return depth > DEPTH_MAX ? "too many files in each other" : NULL;
}

static int read_file(struct reader *reader, const char *file,
        const struct place *included_at)
{
        const char *complaint;
        struct source *source;
        struct reason reason;
        int r = source_read(file, included_at != NULL, &reader->findings->arena,
                &source, &reason);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                findings_add(reader->findings, included_at, "%s%s",
                        included_at != NULL ? "include: " : "", reason.text);
                reader->has_wrong_heading = true;
                return 0;
        }
        complaint = check_depth(reader, source);
        if (complaint != NULL) {
                findings_add(reader->findings, included_at, "include: %s: %s",
                        file, complaint);
                return 0;
        }
        return read_source(reader, source);
}

/*
 * Adds the sections without a name that are missing. A daemon without listeners
 * or without maps is of no use.
 */
static int complete(struct reader *reader, const char *file)
{
        struct place place = {.file = file};
        int r = 0;

        for (size_t i = 0; i < SECTION_KINDS && r == 0; i++) {
                const struct section_kind *kind = &section_kinds[i];
                const struct section *section = reader->sections;

                while (section != NULL && section->kind != kind)
                        section = section->next;
                if (section == NULL && !kind->has_name)
                        r = add_section(
                                reader, kind, (struct span){"", 0}, place);
                else if (section == NULL && !reader->has_wrong_heading)
                        findings_add(reader->findings, &place,
                                "no [%s NAME] section: there must be one",
                                kind->name);
        }
        return r;
}

int sections_read(const char *file, struct arena *arena,
        struct findings *findings, struct report *warnings,
        struct section **ret_sections)
{
        struct reader reader = {
                .arena = arena,
                .findings = findings,
                .warnings = warnings,
        };
        int r = -ENOMEM;

        reader.end = &reader.sections;
        file = arena_copy(arena, span_of(file));
        if (file != NULL)
                r = read_file(&reader, file, NULL);
        if (r == 0)
                r = complete(&reader, file);
        if (r == 0)
                *ret_sections = reader.sections;
        return r;
}
