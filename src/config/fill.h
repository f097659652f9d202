/* SPDX-License-Identifier: MIT */
/* From the text of settings to typed values. */
#ifndef CONFIG_FILL_H
#define CONFIG_FILL_H

#include "config/findings.h"
#include "config/section.h"

/*
 * Gives every setting that the file leaves out what counts then: that of
 * [defaults], or the fallback; and looks for those that are required.
 */
void fill_left_out(struct section *sections, struct findings *findings);

/*
 * Writes the values of a section to the struct that the options' offsets are
 * for, and marks the settings that are wrong. Returns 0 or -ENOMEM.
 */
int fill_values(struct section *section, struct arena *arena,
        struct findings *findings, void *ret_values);

#endif
