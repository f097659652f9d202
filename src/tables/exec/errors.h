/* SPDX-License-Identifier: MIT */
/* The lines that a program writes to stderr, on their way to the log. */
#ifndef TABLES_EXEC_ERRORS_H
#define TABLES_EXEC_ERRORS_H

#include "tables/exec/log.h"
#include <stdbool.h>
#include <stddef.h>

struct exec_errors {
        struct exec_log *log; /* NULL: what comes is dropped */
        pid_t pid;
        int fd;         /* borrowed; -1: nothing comes any more */
        size_t used;    /* of the line */
        bool is_cut;    /* the rest of the line is dropped */
        char line[500]; /* what there is of one so far */
};

/* Begins; fd: does not block; -1: there is nothing to read. */
void exec_errors_init(
        struct exec_errors *errors, struct exec_log *log, pid_t pid, int fd);

/*
 * Reads what is there, but not without end: a program that writes faster than
 * it is read waits. Returns false when nothing more will come.
 */
bool exec_errors_read(struct exec_errors *errors);

/* The program has ended: says what is there still. */
void exec_errors_fini(struct exec_errors *errors);

#endif
