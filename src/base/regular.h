/* SPDX-License-Identifier: MIT */
/* Files that are read to their end: regular ones, which have one. */
#ifndef BASE_REGULAR_H
#define BASE_REGULAR_H

#include "base/report.h"
#include <sys/types.h>

/*
 * Opens a file for reading, and never waits. What is no regular file is
 * refused: a pipe may wait for somebody to write, a device may never end. The
 * null device, which many write for "nothing", is an empty file.
 *
 * Returns a descriptor, or a negative errno with the reason, which calls the
 * file `name`; -EBADMSG for what is no regular file, -EISDIR for a directory.
 */
int regular_open(const char *file, const char *name, struct reason *ret_reason);

/* Reads up to `size` bytes. Returns how many, or a negative errno. */
ssize_t regular_read(int fd, char *buffer, size_t size);

#endif
