/* SPDX-License-Identifier: MIT */
/*
 * The daemon's options, declared once as data: the parser, its checks and
 * every listing of options come from here.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/values.h"
#include <stdbool.h>
#include <stddef.h>

struct option {
        const char *name;
        const struct value_type *type;
        const char *fallback; /* the value of an option left out, or NULL */
        bool required;
        const char *summary; /* one line for listings and the manual */
};

/* A kind of section: what may stand below "[NAME-OF-KIND NAME]". */
struct section_kind {
        const char *name;
        const char *summary;
        const struct option *options;
        size_t option_count;
};

/* Where an option stands among those of its kind. */
enum { LISTEN_ENDPOINT, LISTEN_MODE, LISTEN_OPTIONS };
enum { MAP_TABLE, MAP_OPTIONS };

enum { SECTION_LISTEN, SECTION_MAP, SECTION_KINDS };
extern const struct section_kind section_kinds[SECTION_KINDS];

#endif
