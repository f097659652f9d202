/* SPDX-License-Identifier: MIT */
#include "base/cf.h"

#include "base/braces.h"
#include "base/file_state.h"
#include "base/lines.h"
#include "base/nearest.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define FILE_SUFFIX "_file"

/* Far more than anybody writes. */
#define FILE_SIZE_MAX ((off_t)16 * 1024 * 1024)

struct reader {
        struct cf *cf;
        struct lines *lines;
        struct reason *reason;
};

/* Sets the reason to "FILE:LINE:COLUMN: NAME: WHAT". */
static int refuse(struct reader *reader, const struct cf_entry *at,
        const char *name, const char *what)
{
        reason_set(reader->reason, "%s:%zu:%zu: %s%s%s", reader->cf->file,
                at->line, at->column, name, *name != '\0' ? ": " : "", what);
        reader->reason->code = -EBADMSG;
        return -EBADMSG;
}

static int refuse_memory(struct reader *reader)
{
        return cf_refuse_memory(reader->cf->file, reader->reason);
}

/* Whether this is the name of the option's NAME_file, if it has one. */
static bool is_secret_file(const struct cf_option *option, struct span key)
{
        struct span suffix = SPAN_LITERAL(FILE_SUFFIX);
        struct span stem = {key.data, key.size - suffix.size};

        return option->type == CF_SECRET && key.size > suffix.size &&
               span_equal(stem, span_of(option->name)) &&
               span_equal(suffix,
                       (struct span){key.data + stem.size, suffix.size});
}

/* Returns where the file's word on this key is kept, or NULL. */
static struct cf_entry *find(const struct cf *cf, struct span key)
{
        for (size_t i = 0; cf->options[i].name != NULL; i++) {
                if (span_equal(key, span_of(cf->options[i].name)))
                        return &cf->entries[i];
                if (is_secret_file(&cf->options[i], key))
                        return &cf->secret_files[i];
        }
        return NULL;
}

/* Returns NAME_file, in the arena, or NULL. */
static const char *file_option(const struct cf *cf, const char *name)
{
        size_t size = strlen(name) + sizeof(FILE_SUFFIX);
        char *text = arena_bytes(cf->arena, size);

        if (text != NULL)
                snprintf(text, size, "%s" FILE_SUFFIX, name);
        return text;
}

static struct nearest_phrase suggest(const struct cf *cf, struct span key)
{
        struct nearest nearest = {.word = NULL};

        for (size_t i = 0; cf->options[i].name != NULL; i++) {
                const char *name = cf->options[i].name;

                nearest_add(&nearest, key, name);
                if (cf->options[i].type == CF_SECRET)
                        name = file_option(cf, name);
                if (name != NULL)
                        nearest_add(&nearest, key, name);
        }
        return nearest_ask(&nearest);
}

/* A misspelt option could be one that keeps others out. */
static int meet_unknown(
        struct reader *reader, const struct place *place, struct span key)
{
        struct nearest_phrase phrase = suggest(reader->cf, key);

        if (reader->cf->is_of_postfix) {
                report_at(reader->cf->report, SEVERITY_WARNING, place,
                        "unknown key \"%.*s\" is ignored%s", (int)key.size,
                        key.data, phrase.text);
                return 0;
        }
        reason_set(reader->reason, "%s:%zu:%zu: unknown key \"%.*s\"%s",
                reader->cf->file, place->line, place->column, (int)key.size,
                key.data, phrase.text);
        reader->reason->code = -EBADMSG;
        return -EBADMSG;
}

static int keep(struct reader *reader, struct span key, struct span value)
{
        struct place place = lines_place(reader->lines, 0);
        struct cf_entry *entry = find(reader->cf, key);

        if (entry == NULL)
                return meet_unknown(reader, &place, key);
        if (entry->text != NULL)
                report_at(reader->cf->report, SEVERITY_WARNING, &place,
                        "\"%.*s\" again: what line %zu says doesn't count",
                        (int)key.size, key.data, entry->line);
        place = lines_place(reader->lines, (size_t)(value.data - key.data));
        entry->line = place.line;
        entry->column = place.column;
        entry->text = arena_copy(reader->cf->arena, value);
        return entry->text == NULL ? refuse_memory(reader) : 0;
}

static int read_line(struct reader *reader, struct span line)
{
        struct span key = {line.data, 0}, value;
        struct place place;
        struct cf_entry at;

        while (key.size < line.size && line.data[key.size] != '=' &&
                !byte_is_space(line.data[key.size]))
                key.size++;
        value = trim((struct span){line.data + key.size, line.size - key.size});
        if (key.size == 0 || value.size == 0 || *value.data != '=') {
                place = lines_place(reader->lines, key.size);
                at = (struct cf_entry){NULL, place.line, place.column};
                return refuse(reader, &at, "", "expected KEY = VALUE");
        }
        value = trim((struct span){value.data + 1, value.size - 1});
        return keep(reader, key, value);
}

static int read_lines(struct reader *reader)
{
        char *text;
        size_t size;
        int r;

        do {
                r = lines_next(reader->lines, reader->cf->report, &text, &size,
                        reader->reason);
                if (r > 0 && read_line(reader, (struct span){text, size}) < 0)
                        r = reader->reason->code;
        } while (r > 0);
        return r;
}

/* Returns 0, -EINVAL when it is no number, or -ERANGE. */
static int parse_number(
        const char *text, const struct cf_option *option, uint64_t *ret_number)
{
        uint64_t number = 0;
        bool is_too_large = false;

        for (const char *c = text; *c != '\0'; c++) {
                uint64_t digit = (uint64_t)(*c - '0');

                if (*c < '0' || *c > '9')
                        return -EINVAL;
                is_too_large |= number > (UINT64_MAX - digit) / 10;
                number = number * 10 + digit;
        }
        if (*text == '\0')
                return -EINVAL;
        if (is_too_large || number < option->least || number > option->most)
                return -ERANGE;
        *ret_number = number;
        return 0;
}

/* These return NULL, or what is wrong with the text. */
static const char *set_number(
        const struct cf_option *option, const char *text, uint64_t *ret_value)
{
        int r = text == NULL ? 0 : parse_number(text, option, ret_value);

        if (text == NULL)
                *ret_value = 0;
        if (r == -EINVAL)
                return "not a plain number";
        return r == -ERANGE ? "a number out of range" : NULL;
}

static const char *set_bool(const char *text, bool *ret_value)
{
        *ret_value = text != NULL && strcasecmp(text, "yes") == 0;
        if (*ret_value || text == NULL || strcasecmp(text, "no") == 0)
                return NULL;
        return "neither yes nor no";
}

static const char *set_text(const struct cf_option *option, const char *text,
        const char **ret_value)
{
        size_t size = text != NULL ? strlen(text) : 0;

        *ret_value = text;
        if (text == NULL || (size >= option->least && size <= option->most))
                return NULL;
        return size == 0 ? "empty" : "a text of a wrong length";
}

static const char *set_value(
        const struct cf_option *option, const char *text, char *values)
{
        void *value = values + option->offset;

        switch (option->type) {
        case CF_NUMBER:
                return set_number(option, text, value);
        case CF_BOOL:
                return set_bool(text, value);
        case CF_TEXT:
        case CF_SECRET:
                break;
        }
        return set_text(option, text, value);
}

/* Fills in a secret that stands elsewhere. */
static int read_secret(struct reader *reader, size_t i)
{
        struct cf *cf = reader->cf;
        const struct cf_entry *file = &cf->secret_files[i];
        struct cf_entry *entry = &cf->entries[i];
        const char *name;
        struct reason why;
        int r;

        if (file->text == NULL)
                return 0;
        name = file_option(cf, cf->options[i].name);
        if (name == NULL)
                return refuse_memory(reader);
        if (entry->text != NULL)
                return refuse(reader, file, cf->options[i].name,
                        "here and in a file of its own");
        r = secret_read(file->text, cf->arena, &entry->text, &why);
        if (r < 0) {
                refuse(reader, file, name, why.text);
                reader->reason->code = r;
        }
        entry->line = file->line;
        entry->column = file->column;
        return r;
}

static int set_values(struct reader *reader, void *ret_values)
{
        for (size_t i = 0; reader->cf->options[i].name != NULL; i++) {
                const struct cf_option *option = &reader->cf->options[i];
                const struct cf_entry *entry = &reader->cf->entries[i];
                const char *complaint;
                int r = read_secret(reader, i);

                if (r < 0)
                        return r;
                complaint = set_value(option,
                        entry->text != NULL ? entry->text : option->fallback,
                        ret_values);
                if (complaint != NULL)
                        return refuse(reader, entry, option->name, complaint);
        }
        return 0;
}

static int make_entries(struct cf *cf)
{
        size_t count = 0, size;

        while (cf->options[count].name != NULL)
                count++;
        size = count * sizeof(*cf->entries);
        cf->entries = arena_alloc(cf->arena, size);
        cf->secret_files = arena_alloc(cf->arena, size);
        if (cf->entries == NULL || cf->secret_files == NULL)
                return -ENOMEM;
        memset(cf->entries, 0, size);
        memset(cf->secret_files, 0, size);
        return 0;
}

/* Reads the lines, which are closed then; NULL: there is a reason why not. */
static int read_open(struct cf *cf, struct lines *lines, void *ret_values,
        struct reason *ret_reason)
{
        struct reader reader = {cf, lines, ret_reason};
        int r;

        if (lines == NULL)
                return ret_reason->code;
        r = make_entries(cf);
        r = r < 0 ? refuse_memory(&reader) : read_lines(&reader);
        if (r == 0)
                r = set_values(&reader, ret_values);
        lines_close(lines);
        return r;
}

int cf_load(struct cf *cf, void *ret_values, struct reason *ret_reason)
{
        struct file_state state;

        if (file_state_get(cf->file, &state) == 0 && state.size > FILE_SIZE_MAX)
                return cf_refuse(cf, -EBADMSG,
                        "too large for a list of options", ret_reason);
        return read_open(
                cf, lines_open(cf->file, ret_reason), ret_values, ret_reason);
}

int cf_load_text(struct cf *cf, struct span text, void *ret_values,
        struct reason *ret_reason)
{
        return read_open(cf, lines_open_text(cf->file, text, ret_reason),
                ret_values, ret_reason);
}

static bool is_of_name(char byte)
{
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '_';
}

struct place cf_place(const struct cf *cf, const char *text)
{
        struct place place = {.file = cf->file};
        struct span name = {text, 0};
        const struct cf_entry *entry = NULL;

        while (is_of_name(name.data[name.size]))
                name.size++;
        if (cf->entries != NULL)
                entry = find(cf, name);
        if (entry != NULL && entry->text != NULL) {
                place.line = entry->line;
                place.column = entry->column;
        }
        return place;
}

int cf_refuse(const struct cf *cf, int code, const char *text,
        struct reason *ret_reason)
{
        struct place place = cf_place(cf, text);

        if (place.line > 0)
                reason_set(ret_reason, "%s:%zu:%zu: %s", cf->file, place.line,
                        place.column, text);
        else
                reason_set(ret_reason, "%s: %s", cf->file, text);
        ret_reason->code = code == -EINVAL ? -EBADMSG : code;
        return ret_reason->code;
}

int cf_refuse_memory(const char *file, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "%s", file);
        return -ENOMEM;
}

void cf_warn(const struct cf *cf, const char *text)
{
        struct place place = cf_place(cf, text);

        report_at(cf->report, SEVERITY_WARNING, &place, "%s", text);
}
