/* SPDX-License-Identifier: MIT */
/* Asking a program, and waiting for its answer. */
#ifndef TABLES_EXEC_WAIT_H
#define TABLES_EXEC_WAIT_H

#include "tables/exec/command.h"
#include "tables/exec/errors.h"
#include "tables/exec/process.h"
#include "tables/support/exchange.h"

struct exec_wait {
        const struct server *server;
        const struct exec_command *command;
        struct exec_log *log;
        bool keeps; /* the program, for the next lookup */

        bool is_running;
        struct exec_process process;
        struct channel channel; /* its descriptor is the process's */
        struct exec_errors errors;
};

/* Borrows all of it until it is closed. */
void exec_wait_init(struct exec_wait *wait, const struct server *server,
        const struct exec_command *command, struct exec_log *log, bool keeps);
void exec_wait_close(struct exec_wait *wait);

/* The start of a table, for a lookup without finish. */
enum progress exec_wait_ask(struct exec_wait *wait, struct lookup *lookup);

#endif
