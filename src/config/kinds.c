/* SPDX-License-Identifier: MIT */
#include "config/kinds.h"

#include "base/nearest.h"

#include <stdio.h>

const struct section_kind *kind_find(struct span name)
{
        for (size_t i = 0; i < SECTION_KINDS; i++)
                if (span_equal(name, span_of(section_kinds[i].name)))
                        return &section_kinds[i];
        return NULL;
}

size_t kind_find_option(const struct section_kind *kind, struct span name)
{
        size_t i = 0;

        while (i < kind->option_count &&
                !span_equal(name, span_of(kind->options[i].name)))
                i++;
        return i;
}

struct phrase kind_explain(struct span name)
{
        struct phrase phrase = {"expected "};
        struct nearest nearest = {0};
        size_t size = strlen(phrase.text);

        for (size_t i = 0; i < SECTION_KINDS && size < sizeof(phrase.text);
                i++) {
                const char *before = i == 0                  ? ""
                                     : i < SECTION_KINDS - 1 ? ", "
                                                             : " or ";

                size += (size_t)snprintf(phrase.text + size,
                        sizeof(phrase.text) - size, "%s%s", before,
                        section_kinds[i].name);
                nearest_add(&nearest, name, section_kinds[i].name);
        }
        if (size < sizeof(phrase.text))
                snprintf(phrase.text + size, sizeof(phrase.text) - size, "%s",
                        nearest_ask(&nearest).text);
        return phrase;
}

struct phrase kind_explain_option(
        const struct section_kind *kind, struct span name)
{
        struct phrase phrase = {""};
        struct nearest nearest = {0};
        size_t size = 0;

        for (size_t i = 0; i < SECTION_KINDS && size < sizeof(phrase.text);
                i++) {
                const struct section_kind *home = &section_kinds[i];

                if (kind_find_option(home, name) < home->option_count)
                        size += (size_t)snprintf(phrase.text + size,
                                sizeof(phrase.text) - size, "%s%s",
                                size == 0 ? "; it belongs to " : " or ",
                                kind_format(home, "NAME").text);
        }
        for (size_t i = 0; i < kind->option_count; i++)
                nearest_add(&nearest, name, kind->options[i].name);
        if (size == 0)
                snprintf(phrase.text, sizeof(phrase.text), "%s",
                        nearest_ask(&nearest).text);
        return phrase;
}

struct phrase kind_format(const struct section_kind *kind, const char *name)
{
        struct phrase phrase;

        snprintf(phrase.text, sizeof(phrase.text), "[%s%s%s]", kind->name,
                kind->has_name ? " " : "", kind->has_name ? name : "");
        return phrase;
}
