/* SPDX-License-Identifier: MIT */
#include "daemon/log_text.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Of a field: who wants to see a whole value asks for it. */
#define VALUE_MAX 1000

static struct span shorten(struct span value)
{
        if (value.size > VALUE_MAX)
                value.size = VALUE_MAX;
        return value;
}

/* Returns the size of the character that can stand as it is, or 0. */
static size_t printable_size(struct span rest)
{
        unsigned char first = (unsigned char)rest.data[0];
        uint32_t character;
        size_t size;

        if (first < 0x80)
                return first >= ' ' && first != 0x7f ? 1 : 0;
        size = utf8_decode(rest, &character);
        return size > 0 && character >= 0xa0 ? size : 0;
}

static void write_quoted_byte(FILE *to, unsigned char byte)
{
        if (byte == '\n')
                fputs("\\n", to);
        else if (byte == '\t')
                fputs("\\t", to);
        else
                fprintf(to, "\\x%02x", byte);
}

/* Writes a value in quotes: quote and backslash escaped, the rest by hex. */
static void write_quoted(FILE *to, struct span value)
{
        fputc('"', to);
        while (value.size > 0) {
                size_t size = printable_size(value);

                if (size == 1 && strchr("\"\\", value.data[0]) != NULL)
                        fputc('\\', to);
                if (size == 0) {
                        write_quoted_byte(to, (unsigned char)value.data[0]);
                        size = 1;
                } else {
                        fwrite(value.data, 1, size, to);
                }
                value.data += size;
                value.size -= size;
        }
        fputc('"', to);
}

static bool needs_quotes(struct span value)
{
        if (value.size == 0)
                return true;
        for (size_t i = 0; i < value.size; i++) {
                unsigned char byte = (unsigned char)value.data[i];

                if (byte <= ' ' || byte >= 0x7f || byte == '"' ||
                        byte == '\\' || byte == '=')
                        return true;
        }
        return false;
}

static void write_pair(FILE *to, const char *name, struct span value)
{
        fprintf(to, "%s=", name);
        if (needs_quotes(value))
                write_quoted(to, value);
        else
                fwrite(value.data, 1, value.size, to);
}

static void write_pairs(FILE *to, const struct log_record *record)
{
        for (size_t i = 0; i < record->count; i++) {
                fputc(' ', to);
                write_pair(to, record->fields[i].name,
                        shorten(record->fields[i].value));
        }
}

/* A line is one line, whatever is in its text. */
static void write_plain(FILE *to, const char *text)
{
        for (; *text != '\0'; text++)
                fputc((unsigned char)*text < ' ' && *text != '\t' ? '?' : *text,
                        to);
}

void log_write_text(FILE *to, const struct log_record *record)
{
        if (record->level < CONFIG_LOG_INFO)
                fprintf(to, "%s: ", config_log_level_names[record->level]);
        write_plain(to, record->text);
        write_pairs(to, record);
}

static void write_time(FILE *to, const struct timespec *time)
{
        struct tm parts;
        char text[sizeof("2026-01-02T03:04:05") + 64];

        gmtime_r(&time->tv_sec, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
        fprintf(to, "%s.%03ldZ", text, time->tv_nsec / 1000000);
}

void log_write_logfmt(FILE *to, const struct log_record *record)
{
        fputs("time=", to);
        write_time(to, &record->time);
        fprintf(to, " level=%s area=%s ", config_log_level_names[record->level],
                config_log_area_names[record->area]);
        write_pair(to, "msg", span_of(record->text));
        write_pairs(to, record);
}

/* Writes a string of JSON; what is not UTF-8 becomes U+FFFD. */
static void write_json_string(FILE *to, struct span value)
{
        fputc('"', to);
        while (value.size > 0) {
                unsigned char first = (unsigned char)value.data[0];
                uint32_t character;
                size_t size = utf8_decode(value, &character);

                if (size == 1 && (first == '"' || first == '\\'))
                        fprintf(to, "\\%c", first);
                else if (size == 1 && (first < ' ' || first == 0x7f))
                        fprintf(to, "\\u%04x", first);
                else if (size == 0)
                        fputs("\\ufffd", to);
                else
                        fwrite(value.data, 1, size, to);
                size = size == 0 ? 1 : size;
                value.data += size;
                value.size -= size;
        }
        fputc('"', to);
}

void log_write_json(FILE *to, const struct log_record *record)
{
        fputs("{\"time\":\"", to);
        write_time(to, &record->time);
        fprintf(to, "\",\"level\":\"%s\",\"area\":\"%s\",\"message\":",
                config_log_level_names[record->level],
                config_log_area_names[record->area]);
        write_json_string(to, span_of(record->text));
        for (size_t i = 0; i < record->count; i++) {
                fputc(',', to);
                write_json_string(to, span_of(record->fields[i].name));
                fputc(':', to);
                write_json_string(to, shorten(record->fields[i].value));
        }
        fputc('}', to);
}
