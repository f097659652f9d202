/* SPDX-License-Identifier: MIT */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Starts a thread that nobody waits for. Signals are for the others. Returns 0
 * or a negative errno.
 */
int thread_start(void *(*run)(void *ctx), void *ctx);

#endif
