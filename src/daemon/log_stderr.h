/* SPDX-License-Identifier: MIT */
/*
 * Lines on standard error, for a daemon that must not wait for whoever reads
 * them: when nobody does, they are lost, and counted.
 */
#ifndef DAEMON_LOG_STDERR_H
#define DAEMON_LOG_STDERR_H

#include <stddef.h>

/*
 * Writes a line, which ends in a newline, as one piece: other processes may
 * write there too. Waits at most a moment, and only once until it can be
 * written again. Returns how many lines before this one were lost since one was
 * written, to be told; 0 mostly. One thread at a time.
 */
size_t log_stderr(const char *line, size_t size);

#endif
