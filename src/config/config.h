/* SPDX-License-Identifier: MIT */
/*
 * The daemon's configuration: a file, read and checked whole, with its maps
 * opened.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/report.h"
#include <sys/types.h>

struct map;

struct config_listener {
        const char *name;
        const char *endpoint;
        mode_t mode;
        struct config_listener *next; /* as in the file */
};

struct config_map {
        const char *name;
        struct map *map; /* open; set it to NULL to take it over */
        struct config_map *next;
};

struct config {
        struct config_listener *listeners; /* at least one */
        struct config_map *maps;           /* at least one */
        struct arena arena;                /* everything but the maps */
};

/*
 * Reads a configuration file and opens its maps. All its errors are reported;
 * warnings may be, too.
 *
 * Returns NULL when there were errors; then nothing stays open.
 */
struct config *config_read(const char *file, struct report *report);

/* Closes the maps that nobody has taken over. NULL does nothing. */
void config_free(struct config *config);

#endif
