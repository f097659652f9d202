/* SPDX-License-Identifier: MIT */
/*
 * Telling a person what is wrong and where. Readers of files report what they
 * find to whoever opened them; nothing below the daemon or the command line
 * prints or logs by itself.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include "base/span.h"
#include <stdarg.h>
#include <stddef.h>

enum severity {
        SEVERITY_ERROR,
        SEVERITY_WARNING,
        SEVERITY_QUOTE /* shows the place of the finding before */
};

/* Where in a file. Line and column count from 1; 0 leaves them out. */
struct place {
        const char *file;
        size_t line;
        size_t column;
};

/*
 * A sink for findings. say gets one line for each, without a newline; errors
 * counts the SEVERITY_ERROR among them.
 */
struct report {
        void (*say)(void *ctx, enum severity severity, const char *line);
        void *ctx;
        size_t errors;
};

/*
 * Reports "FILE:LINE:COLUMN: TEXT". place may be NULL. Bytes that a terminal
 * or a log must not see are replaced by '?'; the line is cut at 1,000 bytes.
 */
__attribute__((format(printf, 4, 5))) void report_at(struct report *report,
        enum severity severity, const struct place *place, const char *format,
        ...);

/*
 * Shows where it is: reports a line of the file, cut around the column when it
 * is long, and below it a line with a '^' under that column (from 1). Both
 * after the finding itself, as SEVERITY_QUOTE. Tabs are kept, so that the two
 * stand in line.
 */
void report_quote(struct report *report, struct span line, size_t column);

/*
 * Why something failed: one line for a person, and a negative errno. -EINVAL
 * says that what was asked for is wrong by itself, and stays wrong until
 * somebody changes it; every other code that it could not be done now.
 */
struct reason {
        int code;
        char text[256];
};

/*
 * Writes the reason, cut to its size, unprintable bytes replaced by '?'.
 * reason_set sets the code to -EINVAL; reason_set_errno to `code`, a negative
 * errno, and adds ": " and what that means.
 */
__attribute__((format(printf, 2, 3))) void reason_set(
        struct reason *reason, const char *format, ...);
__attribute__((format(printf, 3, 4))) void reason_set_errno(
        struct reason *reason, int code, const char *format, ...);

#endif
