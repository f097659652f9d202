/* SPDX-License-Identifier: MIT */
/*
 * A program that runs, with a socket for its stdin and stdout, in a process
 * group of its own.
 *
 * Nobody else waits for children that he doesn't know by their ids; so a
 * process that is not reaped keeps its own, and that of its group.
 */
#ifndef TABLES_EXEC_PROCESS_H
#define TABLES_EXEC_PROCESS_H

#include "tables/exec/command.h"
#include <sys/types.h>

struct exec_process {
        pid_t pid;
        int pidfd;  /* can be read when the program has ended */
        int fd;     /* our end of its stdin and stdout */
        int errors; /* what it writes to stderr; -1: that goes to ours */
};

/*
 * Starts it: signals as by default, no descriptors but its own. has_errors: its
 * stderr is a pipe. Any thread. Returns 0, or a negative errno with the reason.
 */
int exec_process_start(const struct exec_command *command, bool has_errors,
        struct exec_process *ret_process, struct reason *ret_reason);

/* Kills it and its group, and closes the socket. It is to be reaped still. */
void exec_process_kill(struct exec_process *process);

/*
 * Lets go of it if it has ended; milliseconds: how long to wait for that.
 * Returns whether it has, with its status as from waitpid.
 */
bool exec_process_reap(
        struct exec_process *process, int milliseconds, int *ret_status);

/* How long to wait for the end of one that was killed, in milliseconds. */
#define EXEC_END_TIME 1000

/* Kills it, and lets go of it when it has ended, soon. */
void exec_process_end(struct exec_process *process);

#endif
