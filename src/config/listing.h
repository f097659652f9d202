/* SPDX-License-Identifier: MIT */
/* Listings of the options and of what they are set to. */
#ifndef CONFIG_LISTING_H
#define CONFIG_LISTING_H

#include "config/types.h"
#include <stdio.h>

/* Writes all options there are, for a person. */
void listing_write_options(FILE *stream);

/*
 * Writes all settings in force, each below a comment that says where it comes
 * from, as a configuration file that is read as the same. Inline values of
 * secret maps are left out, though.
 */
void listing_write_settings(FILE *stream, const struct config *config);

#endif
