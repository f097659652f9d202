/* SPDX-License-Identifier: MIT */
/* The daemon's lines on stderr. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "base/report.h"
#include <socketmap/server.h>
#include <stdint.h>
#include <uv.h>

/* Makes every line leave in one write. Once, before the first line. */
void log_open(void);

/* Writes "socketmapd: TEXT". */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

/*
 * For a struct report about configuration and tables: an error is written as
 * it is, so that FILE:LINE:COLUMN begins the line, a warning by log_line.
 */
void log_finding(void *ctx, enum severity severity, const char *line);

/*
 * Keeps what clients can cause from filling the disk: of the lines of one
 * second the first few are written, of the others their number.
 */
struct log_limit {
        uv_timer_t second; /* runs from the first line on */
        unsigned lines;
        unsigned left_out;
};

void log_limit_init(struct log_limit *limit, uv_loop_t *loop);

/* Tells what is left to tell; the loop's owner closes the timer. */
void log_limit_fini(struct log_limit *limit);

/* For socketmap_server_set_log; ctx is a struct log_limit. */
void log_limited(void *ctx, enum socketmap_log_level level, const char *line);

#endif
