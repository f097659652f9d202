/* SPDX-License-Identifier: MIT */
/*
 * Telling the service manager how the daemon is, as sd_notify(3) would. Without
 * a manager (NOTIFY_SOCKET) nothing happens, and a manager that doesn't listen
 * keeps nobody for more than a second.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stddef.h>
#include <sys/types.h>
#include <uv.h>

/* The daemon serves: at the start, and after each notify_reloading. */
void notify_ready(void);

/* It reads its configuration again. */
void notify_reloading(void);

/* It ends. */
void notify_stopping(void);

/* One line, for a person who asks the manager. */
__attribute__((format(printf, 1, 2))) void notify_status(
        const char *format, ...);

/* Another process is the service from now on. */
void notify_main_pid(pid_t pid);

/* How many descriptors the manager keeps across a restart: $FDSTORE, or 0. */
size_t notify_store_size(void);

/*
 * Lets the manager keep a copy of the descriptors under a name without colons,
 * of at most NOTIFY_NAME_MAX bytes, until notify_forget. count is at most
 * NOTIFY_FDS_MAX. Returns 0 or a negative errno.
 */
enum { NOTIFY_NAME_MAX = 255, NOTIFY_FDS_MAX = 2 };
int notify_store(const char *name, const int *fds, size_t count);

/* The manager closes all its copies of that name. */
void notify_forget(const char *name);

/*
 * Waits until the manager has read all that was sent before, for at most
 * `timeout` milliseconds. Returns 0 or a negative errno.
 */
int notify_barrier(int timeout);

/* Says twice in each period of WATCHDOG_USEC that the loop still turns. */
struct notify_watchdog {
        uv_timer_t timer;
};

/* Starts it when the manager wants that; the loop's owner closes the timer. */
void notify_watchdog_start(struct notify_watchdog *watchdog, uv_loop_t *loop);

#endif
