/* SPDX-License-Identifier: MIT */
/* What another process has used so far, from /proc. */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Gets the time that all threads of a process have run, in nanoseconds.
 * Returns 0 or a negative errno.
 */
int process_cpu(pid_t pid, uint64_t *ret_nanoseconds);

/* Gets its resident memory, in bytes. Returns 0 or a negative errno. */
int process_memory(pid_t pid, uint64_t *ret_bytes);

#endif
