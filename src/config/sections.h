/* SPDX-License-Identifier: MIT */
/*
 * The syntax of the configuration file: Postfix's "key = value" lines below
 * "[KIND NAME]" headings, read into sections whose options are all known,
 * present if required, not doubled, and valid as text.
 */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include "base/arena.h"
#include "config/options.h"

/* The value of one option of a section. */
struct setting {
        const char *value;  /* NULL: left out, and has no fallback */
        struct place place; /* of the value; line 0: it is the fallback */
};

struct section {
        const struct section_kind *kind;
        const char *name;
        struct place place;
        struct setting *settings; /* as many, and in order, as kind->options */
        bool is_valid;            /* no error has been reported about it */
        struct section *next;     /* as in the file */
};

/*
 * Reads a file. All its errors are reported, not the first alone; sections
 * that have one are among the result, too.
 *
 * directory: the absolute one of the file. The sections live in the arena.
 * Returns 0, or -errno when the file cannot be read to its end; that is
 * reported, too.
 */
int sections_read(const char *file, const char *directory, struct arena *arena,
        struct report *report, struct section **ret_sections);

#endif
