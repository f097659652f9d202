/* SPDX-License-Identifier: MIT */
/* A server that a program of tests/support runs for us. */
#ifndef CONTRACT_SERVED_H
#define CONTRACT_SERVED_H

#include <sys/types.h>

struct served {
        pid_t helper; /* which runs the server; 0: nobody does */
        int input;    /* its input: with the end of that, it ends the server */
        char place[200]; /* where the server's socket is, or its URL */
        unsigned port;
};

/* Has a Python program start one, unless it runs already. */
void served_start(struct served *served, const char *program);

/* Ends it, if it runs. */
void served_end(struct served *served);

#endif
