/* SPDX-License-Identifier: MIT */
#include "config/section.h"

#include "config/kinds.h"

#include <assert.h>
#include <string.h>

struct section *section_new(const struct section_kind *kind, struct span name,
        struct place place, struct arena *arena)
{
        struct section *section = arena_alloc(arena, sizeof(*section));
        size_t size = kind->option_count * sizeof(*section->settings);

        if (section == NULL)
                return NULL;
        *section = (struct section){
                .kind = kind,
                .place = place,
                .settings = arena_alloc(arena, size),
        };
        if (kind->has_name)
                section->name = arena_copy(arena, name);
        if ((kind->has_name && section->name == NULL) ||
                section->settings == NULL)
                return NULL;
        memset(section->settings, 0, size);
        return section;
}

struct setting *section_get(const struct section *section, const char *option)
{
        size_t i = kind_find_option(section->kind, span_of(option));

        assert(i < section->kind->option_count);
        return &section->settings[i];
}

bool section_has(const struct section *section, const char *option)
{
        return section_get(section, option)->place.line != 0;
}
