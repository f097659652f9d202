/* SPDX-License-Identifier: MIT */
/* A thread for what blocks. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Starts a thread that nobody joins. It sees no signals: these are for the main
 * thread. Returns 0 or a negative errno.
 */
int thread_start(void *(*run)(void *ctx), void *ctx);

#endif
