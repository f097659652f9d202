/* SPDX-License-Identifier: MIT */
/*
 * Starts programs on a thread: until the system has found and read a program,
 * from a disk that hangs, say, whoever starts it waits.
 */
#ifndef TABLES_EXEC_STARTER_H
#define TABLES_EXEC_STARTER_H

#include "tables/exec/process.h"

struct events;
struct exec_starter;

/*
 * Copies the command. started is called on the events' thread for each start,
 * with a process that is the callee's, or NULL and the reason. Any thread.
 * Returns NULL when there is no memory.
 */
struct exec_starter *exec_starter_new(struct events *events,
        const struct exec_command *command, bool has_errors,
        void (*started)(void *ctx, const struct exec_process *process,
                const struct reason *reason),
        void *ctx);

/*
 * Starts one, when no other start is under way. Returns 0, and started is
 * called later; or a negative errno with the reason. The events' thread.
 */
int exec_starter_start(struct exec_starter *starter, struct reason *ret_reason);

/*
 * A program whose start is under way is killed once it has begun. NULL does
 * nothing.
 */
void exec_starter_close(struct exec_starter *starter);

#endif
