/* SPDX-License-Identifier: MIT */
/* Checking a configuration without serving it. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "base/report.h"
#include <stdbool.h>

/*
 * Reads a configuration, and looks, as the user that it names, whether the
 * files of its tables can be read; with `opens`, whether all its tables can be
 * opened. What is wrong is reported. In a process of one thread. Returns 0, or
 * -EINVAL when something is wrong.
 */
int check_run(const char *file, bool opens, struct report *report);

#endif
