/* SPDX-License-Identifier: MIT */
#include "config/findings.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_SIZE 1000
/* Far more than a file written by a person, inline tables included. */
#define MEMORY_MAX ((size_t)512 * 1024 * 1024)

struct finding {
        struct source *source; /* NULL: of no line */
        struct place place;
        bool is_hidden;
        size_t number; /* in the order they were found */
        char *text;    /* NULL: there was no memory */
        struct finding *next;
};

void findings_init(struct findings *findings)
{
        *findings = (struct findings){.count = 0};
        arena_init(&findings->arena, NULL, 0, MEMORY_MAX);
        findings->end = &findings->first;
        findings->sources_end = &findings->sources;
}

void findings_fini(struct findings *findings)
{
        arena_fini(&findings->arena);
}

void findings_add_source(struct findings *findings, struct source *source)
{
        source->number = findings->source_count++;
        *findings->sources_end = source;
        findings->sources_end = &source->next;
}

struct source *findings_get_source(
        const struct findings *findings, const struct place *place)
{
        struct source *source = findings->sources;

        /* Each has its own copy of the name. */
        while (source != NULL && source->file != place->file)
                source = source->next;
        return source;
}

__attribute__((format(printf, 4, 0))) static void add(struct findings *findings,
        const struct place *place, bool is_hidden, const char *format,
        va_list arguments)
{
        struct finding *finding =
                arena_alloc(&findings->arena, sizeof(*finding));
        char text[TEXT_SIZE];

        findings->count++;
        if (finding == NULL)
                return; /* counted: that makes the configuration wrong */
        vsnprintf(text, sizeof(text), format, arguments);
        *finding = (struct finding){
                .is_hidden = is_hidden,
                .number = findings->count,
                .text = arena_copy(&findings->arena, span_of(text)),
        };
        if (place != NULL) {
                finding->place = *place;
                if (place->line > 0)
                        finding->source = findings_get_source(findings, place);
        }
        *findings->end = finding;
        findings->end = &finding->next;
}

void findings_add(struct findings *findings, const struct place *place,
        const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        add(findings, place, false, format, arguments);
        va_end(arguments);
}

void findings_add_hidden(struct findings *findings, const struct place *place,
        const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        add(findings, place, true, format, arguments);
        va_end(arguments);
}

void findings_hide(struct findings *findings, const struct place *from,
        const struct place *to)
{
        bool has_end = to != NULL && to->file == from->file;

        for (struct finding *finding = findings->first; finding != NULL;
                finding = finding->next)
                if (finding->place.file == from->file &&
                        finding->place.line >= from->line &&
                        (!has_end || finding->place.line < to->line))
                        finding->is_hidden = true;
}

static int compare_sizes(size_t a, size_t b)
{
        return (a > b) - (a < b);
}

/* By file, line and column; what has no line comes last. */
static int compare(const void *left, const void *right)
{
        const struct finding *a = *(struct finding *const *)left;
        const struct finding *b = *(struct finding *const *)right;
        int r = (a->source == NULL) - (b->source == NULL);

        if (r == 0 && a->source != NULL)
                r = compare_sizes(a->source->number, b->source->number);
        if (r == 0)
                r = compare_sizes(a->place.line, b->place.line);
        if (r == 0)
                r = compare_sizes(a->place.column, b->place.column);
        return r != 0 ? r : compare_sizes(a->number, b->number);
}

static void tell(struct findings *findings, const struct finding *finding,
        struct report *report)
{
        const struct place *place =
                finding->place.file != NULL ? &finding->place : NULL;

        report_at(report, SEVERITY_ERROR, place, "%s",
                finding->text != NULL ? finding->text : "out of memory");
        if (finding->source != NULL && !finding->is_hidden)
                report_quote(report,
                        source_line(finding->source, &findings->arena,
                                finding->place.line),
                        finding->place.column);
}

void findings_tell(struct findings *findings, struct report *report)
{
        struct finding **sorted =
                calloc(findings->count + 1, sizeof(struct finding *));
        size_t count = 0;

        if (sorted != NULL)
                for (struct finding *f = findings->first; f != NULL;
                        f = f->next)
                        sorted[count++] = f;
        if (count < findings->count)
                report_at(report, SEVERITY_ERROR, NULL, "out of memory");
        if (sorted != NULL)
                qsort(sorted, count, sizeof(*sorted), compare);
        for (size_t i = 0; i < count; i++)
                tell(findings, sorted[i], report);
        free(sorted);
}
