/* SPDX-License-Identifier: MIT */
/* How a line of the log is written. */
#ifndef DAEMON_LOG_TEXT_H
#define DAEMON_LOG_TEXT_H

#include "base/span.h"
#include "config/config.h"
#include <stdio.h>
#include <time.h>

/* A value of its own in a line: any bytes. */
struct log_field {
        const char *name;
        struct span value;
};

struct log_record {
        struct timespec time;
        enum config_log_area area;
        enum config_log_level level;
        const char *text;
        const struct log_field *fields;
        size_t count;
};

/* Writes "text", "warning: text", "text name=value name="a value"". */
void log_write_text(FILE *to, const struct log_record *record);

/* Writes "time=... level=... area=... msg=... name=value". */
void log_write_logfmt(FILE *to, const struct log_record *record);

/* Writes an object with the same members, but "message". */
void log_write_json(FILE *to, const struct log_record *record);

#endif
