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
        size_t offset; /* of the value in the struct of the section */
        struct value_range range;
        const char *fallback; /* the value of an option left out, or NULL */
        bool required;
        bool needs_restart;  /* a reload doesn't take it */
        const char *summary; /* one line for listings and the manual */
};

/* A kind of section: what may stand below "[KIND NAME]" or "[KIND]". */
struct section_kind {
        const char *name;
        const char *summary;
        const struct option *options;
        size_t option_count;
        bool has_name; /* and so there may be several, one at least */
};

/*
 * [defaults] has the options of [map] from this one on; what it says counts
 * for every map that doesn't say it itself.
 */
#define MAP_FIRST_DEFAULT ((size_t)2)

enum {
        SECTION_SERVER,
        SECTION_LOG,
        SECTION_LISTEN,
        SECTION_DEFAULTS,
        SECTION_MAP,
        SECTION_KINDS
};
extern const struct section_kind section_kinds[SECTION_KINDS];

#endif
