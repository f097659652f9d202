/* SPDX-License-Identifier: MIT */
/* Passwords: those in files of their own, and those that nobody may see. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/arena.h"
#include "base/report.h"

/*
 * Reads a password from a file: an absolute path, or the bare name of a
 * credential that the service manager has passed ($CREDENTIALS_DIRECTORY). A
 * newline at its end is no part of it.
 *
 * Returns 0, or a negative errno with the reason, which never holds any of the
 * contents, nor a name that is no path; -EBADMSG for contents that can be no
 * password, and for what is no regular file.
 */
int secret_read(const char *name, struct arena *arena, const char **ret_text,
        struct reason *ret_reason);

/*
 * What may be shown of what names a server, or should: without what stands
 * before its last '@', which may be a password.
 */
struct span secret_without_login(struct span server);

#endif
