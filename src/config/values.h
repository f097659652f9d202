/* SPDX-License-Identifier: MIT */
/* What the text of an option's value may be. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "base/report.h"
#include <stdbool.h>
#include <sys/types.h>

struct value_type {
        const char *placeholder; /* what stands for it in a listing */
        /*
         * Says whether `text` is such a value, or the reason why not.
         * directory: the absolute one of the configuration file.
         */
        bool (*is_valid)(const char *text, const char *directory,
                struct reason *ret_reason);
};

extern const struct value_type value_endpoint; /* unix:/PATH, inet:... */
extern const struct value_type value_mode;     /* octal */
extern const struct value_type value_table;    /* TYPE:ARGUMENT */

/* Returns whether an endpoint is the path of a unix socket. */
bool value_is_unix(const char *endpoint);

/* Returns the mode that a valid text stands for. */
mode_t value_to_mode(const char *text);

#endif
