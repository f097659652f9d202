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
#include "config/section.h"

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

#endif
