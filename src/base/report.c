/* SPDX-License-Identifier: MIT */
#include "base/report.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdio.h>

#define LINE_SIZE 1001

/* What shows and where, of a line that may be long. */
#define QUOTE_SIZE ((size_t)72)
#define QUOTE_BEFORE ((size_t)48) /* of it before the column */

static bool is_hidden(uint32_t character)
{
        return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/*
 * Replaces control characters, the C1 ones too, and what is not UTF-8 (a
 * character that was cut at the end, say) by '?'.
 */
static void clean(char *text, bool keeps_tabs)
{
        struct span rest = span_of(text);

        while (rest.size > 0) {
                uint32_t character = 0;
                size_t size = utf8_decode(rest, &character);

                if (size == 0)
                        size = 1;
                if (is_hidden(character) && !(keeps_tabs && *text == '\t'))
                        memset(text, '?', size);
                text += size;
                rest.data += size;
                rest.size -= size;
        }
}

/* Appends to a text of *used bytes, cut to `size` bytes with the NUL. */
__attribute__((format(printf, 4, 0))) static void append_list(char *text,
        size_t size, size_t *used, const char *format, va_list arguments)
{
        int added = vsnprintf(text + *used, size - *used, format, arguments);

        if (added < 0)
                text[*used] = '\0';
        else if ((size_t)added >= size - *used)
                *used = size - 1;
        else
                *used += (size_t)added;
}

__attribute__((format(printf, 4, 5))) static void append(
        char *text, size_t size, size_t *used, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        append_list(text, size, used, format, arguments);
        va_end(arguments);
}

static void append_place(
        char *text, size_t size, size_t *used, const struct place *place)
{
        append(text, size, used, "%s", place->file);
        if (place->line > 0)
                append(text, size, used, ":%zu", place->line);
        if (place->line > 0 && place->column > 0)
                append(text, size, used, ":%zu", place->column);
        append(text, size, used, ": ");
}

void report_at(struct report *report, enum severity severity,
        const struct place *place, const char *format, ...)
{
        char line[LINE_SIZE] = "";
        size_t used = 0;
        va_list arguments;

        if (place != NULL)
                append_place(line, sizeof(line), &used, place);
        va_start(arguments, format);
        append_list(line, sizeof(line), &used, format, arguments);
        va_end(arguments);
        clean(line, false);
        if (severity == SEVERITY_ERROR)
                report->errors++;
        report->say(report->ctx, severity, line);
}

static bool is_continuation(char byte)
{
        return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Cuts a line around a byte of it, between characters. */
static struct span cut(struct span line, size_t at)
{
        size_t start = at > QUOTE_BEFORE ? at - QUOTE_BEFORE : 0;
        size_t end = line.size;

        if (line.size <= QUOTE_SIZE)
                return line;
        if (line.size - start < QUOTE_SIZE)
                start = line.size - QUOTE_SIZE;
        if (line.size - start > QUOTE_SIZE)
                end = start + QUOTE_SIZE;
        while (start < at && is_continuation(line.data[start]))
                start++;
        while (end > start && end < line.size &&
                is_continuation(line.data[end]))
                end--;
        return (struct span){line.data + start, end - start};
}

/* Makes what stands before the column blank, as wide as it was. */
static void point_at(char *text, size_t size)
{
        size_t used = 0;

        for (size_t i = 0; i < size; i++)
                if (text[i] == '\t')
                        text[used++] = '\t';
                else if (!is_continuation(text[i]))
                        text[used++] = ' ';
        text[used++] = '^';
        text[used] = '\0';
}

void report_quote(struct report *report, struct span line, size_t column)
{
        static const char indent[] = "    ", more[] = "...";
        char text[sizeof(indent) + QUOTE_SIZE + 2 * sizeof(more)];
        size_t at = column > 0 && column <= line.size ? column - 1 : line.size;
        struct span part = cut(line, at);
        size_t before = (size_t)(part.data - line.data);
        size_t skipped = sizeof(indent) - 1;

        if (before > 0)
                skipped += sizeof(more) - 1;
        snprintf(text, sizeof(text), "%s%s%*s%s", indent,
                before > 0 ? more : "", (int)part.size, "",
                before + part.size < line.size ? more : "");
        for (size_t i = 0; i < part.size; i++)
                text[skipped + i] = part.data[i] != '\0' ? part.data[i] : '?';
        clean(text, true);
        report->say(report->ctx, SEVERITY_QUOTE, text);
        point_at(text, skipped + at - before);
        report->say(report->ctx, SEVERITY_QUOTE, text);
}

void reason_set(struct reason *reason, const char *format, ...)
{
        size_t used = 0;
        va_list arguments;

        reason->code = -EINVAL;
        reason->text[0] = '\0';
        va_start(arguments, format);
        append_list(
                reason->text, sizeof(reason->text), &used, format, arguments);
        va_end(arguments);
        clean(reason->text, false);
}

void reason_set_errno(struct reason *reason, int code, const char *format, ...)
{
        size_t used = 0;
        va_list arguments;

        reason->code = code;
        reason->text[0] = '\0';
        va_start(arguments, format);
        append_list(
                reason->text, sizeof(reason->text), &used, format, arguments);
        va_end(arguments);
        append(reason->text, sizeof(reason->text), &used, ": %s",
                strerror(-code));
        clean(reason->text, false);
}
