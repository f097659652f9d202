/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log, one for the process: lines on stderr or to syslog, as the
 * configuration wants them. Any thread.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "base/report.h"
#include "base/span.h"
#include "config/config.h"
#include "daemon/log_text.h"
#include <socketmap/server.h>
#include <uv.h>

/* Once, before the first line: text on stderr, from CONFIG_LOG_INFO on. */
void log_open(void);

/* Never writes to stderr: what would go there goes to syslog. */
void log_leave_stderr(void);

/* Goes on as the configuration says. Nothing of it is kept. */
void log_configure(const struct config_log *options);

/* Says whether a line of that area and level would be written. */
bool log_wants(enum config_log_area area, enum config_log_level level);

/* Writes a line. */
__attribute__((format(printf, 3, 4))) void log_say(enum config_log_area area,
        enum config_log_level level, const char *format, ...);

/* Writes a line with fields after its text. */
void log_fields(enum config_log_area area, enum config_log_level level,
        const char *text, const struct log_field *fields, size_t count);

/*
 * Makes the field that a client's key may have in the log, by log_keys: the
 * key itself, or its hash, written to `buffer`. Returns false when it may have
 * none.
 */
enum { LOG_HASH_SIZE = 17 };
bool log_key(struct span key, char buffer[LOG_HASH_SIZE],
        struct log_field *ret_field);

/*
 * For a struct report about configuration and tables: an error is written as
 * it is, so that FILE:LINE:COLUMN begins the line. Quotes of the file are for
 * people only: in text on stderr.
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

/* Says whether one line more may be written now. */
bool log_limit_passes(struct log_limit *limit);

/* For socketmap_server_set_log; ctx is a struct log_limit. */
void log_limited(void *ctx, enum socketmap_log_level level, const char *line);

#endif
