/* SPDX-License-Identifier: MIT */
#include "base/cf.h"

#include "base/braces.h"
#include "base/lines.h"
#include "base/secret.h"

#include <errno.h>
#include <strings.h>

#define FILE_SUFFIX "_file"

/* What the file says about an option. */
struct entry {
        const char *text; /* NULL: nothing */
        struct place place;
};

struct reader {
        struct lines *lines;
        const char *file;
        const struct cf_option *options;
        struct entry *entries;      /* one for each option, */
        struct entry *secret_files; /* ... and of its NAME_file */
        struct arena *arena;
        struct report *report;
        struct reason *reason;
};

/* Sets the reason to "FILE:LINE:COLUMN: NAME: WHAT". */
static int refuse(struct reader *reader, const struct place *place,
        const char *name, const char *what)
{
        reason_set(reader->reason, "%s:%zu:%zu: %s%s%s", reader->file,
                place->line, place->column, name, *name != '\0' ? ": " : "",
                what);
        reader->reason->code = -EBADMSG;
        return -EBADMSG;
}

static int refuse_memory(struct reader *reader)
{
        reason_set_errno(reader->reason, -ENOMEM, "%s", reader->file);
        return -ENOMEM;
}

/* Returns where the file's word on this key is kept, or NULL. */
static struct entry *find(const struct reader *reader, struct span key)
{
        struct span suffix = SPAN_LITERAL(FILE_SUFFIX), stem = key;
        bool has_suffix = key.size > suffix.size;

        if (has_suffix) {
                stem.size -= suffix.size;
                has_suffix = span_equal(suffix,
                        (struct span){key.data + stem.size, suffix.size});
        }
        for (size_t i = 0; reader->options[i].name != NULL; i++) {
                struct span name = span_of(reader->options[i].name);

                if (span_equal(key, name))
                        return &reader->entries[i];
                if (has_suffix && reader->options[i].type == CF_SECRET &&
                        span_equal(stem, name))
                        return &reader->secret_files[i];
        }
        return NULL;
}

static int keep(struct reader *reader, struct span key, struct span value)
{
        struct place place = lines_place(reader->lines, 0);
        struct entry *entry = find(reader, key);

        if (entry == NULL) {
                report_at(reader->report, SEVERITY_WARNING, &place,
                        "unknown key \"%.*s\" is ignored", (int)key.size,
                        key.data);
                return 0;
        }
        if (entry->text != NULL)
                report_at(reader->report, SEVERITY_WARNING, &place,
                        "\"%.*s\" again: what line %zu says doesn't count",
                        (int)key.size, key.data, entry->place.line);
        entry->place =
                lines_place(reader->lines, (size_t)(value.data - key.data));
        entry->text = arena_copy(reader->arena, value);
        return entry->text == NULL ? refuse_memory(reader) : 0;
}

static int read_line(struct reader *reader, struct span line)
{
        struct span key = {line.data, 0}, value;
        struct place place;

        while (key.size < line.size && line.data[key.size] != '=' &&
                !byte_is_space(line.data[key.size]))
                key.size++;
        value = trim((struct span){line.data + key.size, line.size - key.size});
        if (key.size == 0 || value.size == 0 || *value.data != '=') {
                place = lines_place(reader->lines, key.size);
                return refuse(reader, &place, "", "expected KEY = VALUE");
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
                r = lines_next(reader->lines, reader->report, &text, &size,
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
        const struct entry *file = &reader->secret_files[i];
        struct entry *entry = &reader->entries[i];
        struct reason reason;
        int r;

        if (file->text == NULL)
                return 0;
        if (entry->text != NULL)
                return refuse(reader, &file->place, reader->options[i].name,
                        "here and in a file of its own");
        r = secret_read(file->text, reader->arena, &entry->text, &reason);
        if (r < 0) {
                refuse(reader, &file->place, reader->options[i].name,
                        reason.text);
                reader->reason->code = r;
        }
        entry->place = file->place;
        return r;
}

static int set_values(struct reader *reader, void *ret_values)
{
        for (size_t i = 0; reader->options[i].name != NULL; i++) {
                const struct cf_option *option = &reader->options[i];
                const struct entry *entry = &reader->entries[i];
                const char *complaint;
                int r = read_secret(reader, i);

                if (r < 0)
                        return r;
                complaint = set_value(option,
                        entry->text != NULL ? entry->text : option->fallback,
                        ret_values);
                if (complaint != NULL)
                        return refuse(
                                reader, &entry->place, option->name, complaint);
        }
        return 0;
}

/* Reads the lines that are open, and closes them. */
static int read_open(struct reader *reader, void *ret_values)
{
        size_t count = 0, size;
        int r;

        while (reader->options[count].name != NULL)
                count++;
        size = count * sizeof(*reader->entries);
        reader->entries = arena_alloc(reader->arena, size);
        reader->secret_files = arena_alloc(reader->arena, size);
        if (reader->entries == NULL || reader->secret_files == NULL) {
                r = refuse_memory(reader);
        } else {
                memset(reader->entries, 0, size);
                memset(reader->secret_files, 0, size);
                r = read_lines(reader);
        }
        if (r == 0)
                r = set_values(reader, ret_values);
        lines_close(reader->lines);
        return r;
}

int cf_read(const char *file, const struct cf_option *options,
        struct arena *arena, struct report *report, void *ret_values,
        struct reason *ret_reason)
{
        struct reader reader = {
                .lines = lines_open(file, ret_reason),
                .file = file,
                .options = options,
                .arena = arena,
                .report = report,
                .reason = ret_reason,
        };

        if (reader.lines == NULL)
                return ret_reason->code;
        return read_open(&reader, ret_values);
}

int cf_read_text(const char *file, struct span text,
        const struct cf_option *options, struct arena *arena,
        struct report *report, void *ret_values, struct reason *ret_reason)
{
        struct reader reader = {
                .lines = lines_open_text(file, text, ret_reason),
                .file = file,
                .options = options,
                .arena = arena,
                .report = report,
                .reason = ret_reason,
        };

        if (reader.lines == NULL)
                return ret_reason->code;
        return read_open(&reader, ret_values);
}

int cf_refuse(
        const char *file, int code, const char *text, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: %s", file, text);
        ret_reason->code = code == -EINVAL ? -EBADMSG : code;
        return ret_reason->code;
}

int cf_refuse_memory(const char *file, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "%s", file);
        return -ENOMEM;
}
