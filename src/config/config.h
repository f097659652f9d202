/* SPDX-License-Identifier: MIT */
/*
 * The daemon's configuration: a file and what it includes, read and checked
 * whole. Nothing that it names is opened: neither tables nor sockets.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/types.h"

/*
 * Reads a configuration file and what it includes. All errors are reported;
 * warnings may be, too. It may run on any thread.
 *
 * Returns NULL when there were errors.
 */
struct config *config_read(const char *file, struct report *report);

size_t config_count_maps(const struct config *config);

/* NULL does nothing. */
void config_free(struct config *config);

#endif
