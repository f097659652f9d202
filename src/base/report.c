/* SPDX-License-Identifier: MIT */
#include "base/report.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdio.h>

#define LINE_SIZE 1001

/*
 * Replaces control characters, the C1 ones too, and what is not UTF-8 (a
 * character that was cut at the end, say) by '?'.
 */
static void clean(char *text)
{
        struct span rest = span_of(text);

        while (rest.size > 0) {
                uint32_t character = 0;
                size_t size = utf8_decode(rest, &character);

                if (size == 0)
                        size = 1;
                if (character < 0x20 || (character >= 0x7f && character < 0xa0))
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
        clean(line);
        if (severity == SEVERITY_ERROR)
                report->errors++;
        report->say(report->ctx, severity, line);
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
        clean(reason->text);
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
        clean(reason->text);
}
