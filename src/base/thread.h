/* SPDX-License-Identifier: MIT */
/* Threads for what blocks. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * Starts a thread that its starter need not join. It sees no signals: these are
 * for the main thread. Returns 0 or a negative errno.
 */
int thread_start(void *(*run)(void *ctx), void *ctx);

/*
 * For the end of the process: joins the threads, so that what libraries keep
 * for each of them is freed first. Those that are not through within `patience`
 * milliseconds, since a server hangs, say, are left, and stay until the process
 * is gone, whatever they have been waiting for. On the main thread.
 */
void threads_join(unsigned patience);

#endif
