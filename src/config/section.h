/* SPDX-License-Identifier: MIT */
/* A section of the configuration: the text of its settings. */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "base/arena.h"
#include "base/report.h"
#include "config/options.h"

/* The value of one option of a section. */
struct setting {
        const char *value;  /* NULL: left out, and has no fallback */
        struct place place; /* of the value; line 0: it is the fallback */
        bool is_inherited;  /* from [defaults] */
        bool is_wrong;      /* which has been found */
};

struct section {
        const struct section_kind *kind;
        const char *name;         /* NULL: sections of its kind have none */
        struct place place;       /* line 0: the file hasn't got it */
        struct setting *settings; /* as many, and in order, as kind->options */
        struct section *next;     /* as in the file */
};

/*
 * Makes a section without settings, in the arena; place is kept, name copied if
 * its kind has one. NULL: no memory.
 */
struct section *section_new(const struct section_kind *kind, struct span name,
        struct place place, struct arena *arena);

/* Returns the setting of an option that the section's kind has. */
struct setting *section_get(const struct section *section, const char *option);

/* Returns whether the file says it; wrong or right. */
bool section_has(const struct section *section, const char *option);

#endif
