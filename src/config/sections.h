/* SPDX-License-Identifier: MIT */
/*
 * The syntax of the configuration file: Postfix's "key = value" lines below
 * "[KIND NAME]" headings, read into sections whose options are all known and
 * not doubled. What the values mean is not looked at.
 */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "base/arena.h"
#include "config/findings.h"
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
 * Reads a file and those that it includes, and adds what is wrong to the
 * findings. The sections, and the names of files in their places, live in the
 * arena. A section without a name that the file hasn't got is there, empty.
 *
 * warnings: is warned of lines that are ignored.
 * Returns 0 or -ENOMEM.
 */
int sections_read(const char *file, struct arena *arena,
        struct findings *findings, struct report *warnings,
        struct section **ret_sections);

/* Returns the setting of an option that the section's kind has. */
struct setting *section_get(const struct section *section, const char *option);

/* Returns whether the file says it; wrong or right. */
bool section_has(const struct section *section, const char *option);

#endif
