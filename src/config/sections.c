/* SPDX-License-Identifier: MIT */
#include "config/sections.h"

#include "base/lines.h"
#include "config/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n\v\f"

struct reader {
        const char *file; /* in the arena */
        const char *directory;
        struct lines *lines;
        struct arena *arena;
        struct report *report;
        struct section *sections, **end;
        struct section *current; /* NULL: keys have no section */
        bool skips;              /* ... because its heading was wrong */
        bool has_wrong_heading;
};

static struct place place_of(const struct reader *reader, size_t offset)
{
        struct place place = lines_place(reader->lines, offset);

        place.file = reader->file;
        return place;
}

/* Reports an error at a byte of the current line. */
#define ERROR_AT(reader, offset, ...)                                     \
        do {                                                              \
                struct place error_place = place_of((reader), (offset));  \
                report_at((reader)->report, SEVERITY_ERROR, &error_place, \
                        __VA_ARGS__);                                     \
        } while (0)

/* A part of a message. */
struct phrase {
        char text[128];
};

/* What a message about an unknown word ends in. */
static struct phrase suggest(const struct nearest *nearest)
{
        struct phrase phrase = {""};

        if (nearest->word != NULL)
                snprintf(phrase.text, sizeof(phrase.text),
                        "; did you mean \"%s\"?", nearest->word);
        return phrase;
}

static struct phrase list_kinds(void)
{
        struct phrase phrase = {""};
        size_t size = 0;

        for (size_t i = 0; i < SECTION_KINDS && size < sizeof(phrase.text); i++)
                size += (size_t)snprintf(phrase.text + size,
                        sizeof(phrase.text) - size, i == 0 ? "%s" : " or %s",
                        section_kinds[i].name);
        return phrase;
}

static const struct section_kind *find_kind(
        struct span word, struct nearest *nearest)
{
        for (size_t i = 0; i < SECTION_KINDS; i++) {
                if (span_equal(word, span_of(section_kinds[i].name)))
                        return &section_kinds[i];
                nearest_add(nearest, word, section_kinds[i].name);
        }
        return NULL;
}

/*
 * Splits "[KIND NAME]" or reports what is wrong with it. A name may hold
 * anything but blanks, ']' included.
 */
static bool split_heading(struct reader *reader, const char *text,
        struct span *ret_kind, struct span *ret_name)
{
        const char *kind = text + 1 + strspn(text + 1, BLANKS);
        size_t kind_size = strcspn(kind, BLANKS "]");
        const char *name = kind + kind_size + strspn(kind + kind_size, BLANKS);
        size_t name_size = strcspn(name, BLANKS);
        const char *end = name + name_size + strspn(name + name_size, BLANKS);

        if (name_size > 0 && name[name_size - 1] == ']')
                name_size--;
        else if (*end == ']')
                end += 1 + strspn(end + 1, BLANKS);
        else if (name_size > 0) {
                ERROR_AT(reader, (size_t)(end - text),
                        "expected \"]\" after the name, which holds no blank");
                return false;
        }
        if (kind_size == 0 || name_size == 0) {
                ERROR_AT(reader, 0,
                        "expected \"[KIND NAME]\", such as "
                        "\"[map virtual]\"");
                return false;
        }
        if (*end != '\0') {
                ERROR_AT(reader, (size_t)(end - text),
                        "text after the heading (a line that begins with a "
                        "blank continues the line before it)");
                return false;
        }
        *ret_kind = (struct span){kind, kind_size};
        *ret_name = (struct span){name, name_size};
        return true;
}

static const struct section *find_section(const struct reader *reader,
        const struct section_kind *kind, struct span name)
{
        const struct section *section;

        for (section = reader->sections; section != NULL;
                section = section->next)
                if (section->kind == kind &&
                        span_equal(name, span_of(section->name)))
                        return section;
        return NULL;
}

static int add_section(struct reader *reader, const struct section_kind *kind,
        struct span name, size_t offset)
{
        const struct section *first = find_section(reader, kind, name);
        struct section *section = arena_alloc(reader->arena, sizeof(*section));
        size_t size = kind->option_count * sizeof(*section->settings);

        if (section == NULL)
                return -ENOMEM;
        *section = (struct section){
                .kind = kind,
                .name = arena_copy(reader->arena, name),
                .place = place_of(reader, 0),
                .settings = arena_alloc(reader->arena, size),
                .is_valid = first == NULL,
        };
        if (section->name == NULL || section->settings == NULL)
                return -ENOMEM;
        memset(section->settings, 0, size);
        if (first != NULL)
                ERROR_AT(reader, offset,
                        "[%s %s] is there already, in line %zu", kind->name,
                        section->name, first->place.line);
        *reader->end = section;
        reader->end = &section->next;
        reader->current = section;
        reader->skips = false;
        return 0;
}

/* Ends a section: fills in fallbacks, reports what is required and absent. */
static void end_section(struct reader *reader)
{
        struct section *section = reader->current;
        const struct section_kind *kind;

        if (section == NULL)
                return;
        kind = section->kind;
        reader->current = NULL;
        for (size_t i = 0; i < kind->option_count; i++) {
                const struct option *option = &kind->options[i];

                if (section->settings[i].value != NULL)
                        continue;
                section->settings[i].value = option->fallback;
                if (!option->required)
                        continue;
                report_at(reader->report, SEVERITY_ERROR, &section->place,
                        "[%s %s] lacks \"%s = %s\"", kind->name, section->name,
                        option->name, option->type->placeholder);
                section->is_valid = false;
        }
}

static int read_heading(struct reader *reader, const char *text)
{
        const struct section_kind *kind;
        struct nearest nearest = {0};
        struct span word, name;

        end_section(reader);
        reader->skips = true;
        if (!split_heading(reader, text, &word, &name)) {
                reader->has_wrong_heading = true;
                return 0;
        }
        kind = find_kind(word, &nearest);
        if (kind == NULL) {
                ERROR_AT(reader, (size_t)(word.data - text),
                        "unknown kind of section \"%.*s\", expected %s%s",
                        (int)word.size, word.data, list_kinds().text,
                        suggest(&nearest).text);
                reader->has_wrong_heading = true;
                return 0;
        }
        return add_section(reader, kind, name, (size_t)(name.data - text));
}

/* Returns the number of an option, or option_count after an error. */
static size_t find_option(struct reader *reader, struct span key)
{
        const struct section *section = reader->current;
        const struct section_kind *kind = section->kind;
        struct nearest nearest = {0};
        size_t i;

        for (i = 0; i < kind->option_count; i++) {
                if (span_equal(key, span_of(kind->options[i].name)))
                        return i;
                nearest_add(&nearest, key, kind->options[i].name);
        }
        ERROR_AT(reader, 0, "[%s %s] has no option \"%.*s\"%s", kind->name,
                section->name, (int)key.size, key.data, suggest(&nearest).text);
        return i;
}

/* Reads the line of an option of the current section. */
static int read_option(
        struct reader *reader, struct span key, struct span value)
{
        struct section *section = reader->current;
        const struct section_kind *kind = section->kind;
        size_t i = find_option(reader, key);
        struct setting *setting;
        struct reason reason;

        if (i == kind->option_count) {
                section->is_valid = false;
                return 0;
        }
        setting = &section->settings[i];
        if (setting->value != NULL) {
                ERROR_AT(reader, 0, "\"%s\" has a value already, in line %zu",
                        kind->options[i].name, setting->place.line);
                section->is_valid = false;
                return 0;
        }
        setting->value = arena_copy(reader->arena, value);
        setting->place = place_of(reader, (size_t)(value.data - key.data));
        if (setting->value == NULL)
                return -ENOMEM;
        if (!kind->options[i].type->is_valid(
                    setting->value, reader->directory, &reason)) {
                report_at(reader->report, SEVERITY_ERROR, &setting->place,
                        "%s: %s", kind->options[i].name, reason.text);
                section->is_valid = false;
        }
        return 0;
}

/* Reads "key = value", split as Postfix does. */
static int read_assignment(
        struct reader *reader, const char *text, size_t text_size)
{
        size_t size = strcspn(text, "=" BLANKS);
        const char *equals = text + size + strspn(text + size, BLANKS);
        const char *value;

        if (reader->skips)
                return 0;
        if (size == 0 || *equals != '=') {
                ERROR_AT(reader, (size_t)(equals - text),
                        "expected \"KEY = VALUE\" or \"[KIND NAME]\"");
                if (reader->current != NULL)
                        reader->current->is_valid = false;
                return 0;
        }
        if (reader->current == NULL) {
                ERROR_AT(reader, 0,
                        "\"%.*s\" stands before the first \"[KIND NAME]\"",
                        (int)size, text);
                return 0;
        }
        value = equals + 1 + strspn(equals + 1, BLANKS);
        return read_option(reader, (struct span){text, size},
                (struct span){value, (size_t)(text + text_size - value)});
}

/* A daemon without listeners or without maps is of no use. */
static void check_kinds(struct reader *reader)
{
        struct place place = {.file = reader->file};
        const struct section *section;

        if (reader->has_wrong_heading)
                return;
        for (size_t i = 0; i < SECTION_KINDS; i++) {
                section = reader->sections;
                while (section != NULL && section->kind != &section_kinds[i])
                        section = section->next;
                if (section == NULL)
                        report_at(reader->report, SEVERITY_ERROR, &place,
                                "no [%s NAME] section: there must be one",
                                section_kinds[i].name);
        }
}

/* Reads all lines; on failure *ret_reason says why. */
static int read_lines(struct reader *reader, struct reason *ret_reason)
{
        char *text;
        size_t size;
        int r;

        for (;;) {
                r = lines_next(reader->lines, reader->report, &text, &size,
                        ret_reason);
                if (r <= 0)
                        return r;
                r = *text == '[' ? read_heading(reader, text)
                                 : read_assignment(reader, text, size);
                if (r < 0) {
                        reason_set(ret_reason, "%s: %s", reader->file,
                                strerror(-r));
                        return r;
                }
        }
}

int sections_read(const char *file, const char *directory, struct arena *arena,
        struct report *report, struct section **ret_sections)
{
        struct reader reader = {
                .file = arena_copy(arena, span_of(file)),
                .directory = directory,
                .arena = arena,
                .report = report,
        };
        struct reason reason = {.code = -ENOMEM, .text = "out of memory"};
        int r;

        reader.end = &reader.sections;
        if (reader.file == NULL) {
                r = -ENOMEM;
                goto fail;
        }
        reader.lines = lines_open(file, &reason);
        if (reader.lines == NULL) {
                r = reason.code;
                goto fail;
        }
        r = read_lines(&reader, &reason);
        lines_close(reader.lines);
        if (r < 0)
                goto fail;
        end_section(&reader);
        check_kinds(&reader);
        *ret_sections = reader.sections;
        return 0;

fail:
        report_at(report, SEVERITY_ERROR, NULL, "%s", reason.text);
        return r;
}
