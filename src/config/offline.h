/* SPDX-License-Identifier: MIT */
/*
 * What a person may want to know of a configuration that nobody serves. Results
 * go to stdout, what is wrong to stderr. All return an exit status: 0, 78
 * (EX_CONFIG) when the configuration is wrong, 74 when stdout can't be written.
 */
#ifndef CONFIG_OFFLINE_H
#define CONFIG_OFFLINE_H

#include "base/report.h"

#include <stdbool.h>

/* A report's say: a line on stderr; ctx is not used. */
void offline_say(void *ctx, enum severity severity, const char *line);

/* As check_run; quiet when nothing is wrong. */
int offline_check(const char *file, bool opens);

/* Prints all settings in force. */
int offline_dump(const char *file);

/* Prints all options there are. */
int offline_help_options(void);

#endif
