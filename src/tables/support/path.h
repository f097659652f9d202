/* SPDX-License-Identifier: MIT */
/* Names of files in the configuration. */
#ifndef TABLES_SUPPORT_PATH_H
#define TABLES_SUPPORT_PATH_H

#include "base/report.h"

/*
 * Whether a table's argument can name a file: an absolute path. A relative one
 * means another file to each program; Postfix's "ldap:NAME", without a slash,
 * means lines of main.cf. Returns 0, or -EINVAL with what to write instead.
 */
int path_check(
        const char *type, const char *argument, struct reason *ret_reason);

/* The same for a type whose argument is a FILE.cf in Postfix. */
int path_check_cf(
        const char *type, const char *argument, struct reason *ret_reason);

/* Looks whether there is such a directory now. Returns as above, or -errno. */
int path_check_directory(const char *path, struct reason *ret_reason);

#endif
