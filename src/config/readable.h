/* SPDX-License-Identifier: MIT */
/* Whether this process can read the file of a table. */
#ifndef CONFIG_READABLE_H
#define CONFIG_READABLE_H

#include "config/types.h"

/* Reports an error with the cure when it can't. */
void readable_check(const struct config_map *map, struct report *report);

#endif
