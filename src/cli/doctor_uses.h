/* SPDX-License-Identifier: MIT */
/* Where Postfix's configuration names tables, socketmaps above all. */
#ifndef CLI_DOCTOR_USES_H
#define CLI_DOCTOR_USES_H

#include "cli/doctor_params.h"
#include "cli/postconf.h"

struct config_map;

/* A table in the value of a parameter. */
struct use {
        const struct postconf_setting *setting;
        const struct parameter *parameter; /* that of a restriction for its
                                              table; NULL: not known */
        const char *table;                 /* as it stands there */
        bool proxied;                      /* by proxy: before it */
        bool inside;                       /* of another table */
        /* Of a socketmap; NULL of any other table. */
        const char *endpoint; /* "" when there is no colon before the map */
        const char *map;
        const struct config_map *ours; /* NULL: a map of others, or none */
        struct use *next;
};

/*
 * Returns all uses of tables, in the order of the parameters. In parameters
 * that are not known, socketmaps alone are found.
 */
struct use *uses_find(const struct postconf *postconf, struct arena *arena);

/*
 * Returns the next table of the same list, whose tables Postfix asks for one
 * key before it tries the next key; NULL when there is none.
 */
const struct use *use_next_in_list(const struct use *use);

/*
 * One of Postfix's daemons that looks a table up, chrooted or not. A relative
 * path is the same for both: then none of them counts as chrooted.
 */
struct view {
        const char *daemon; /* the first of them */
        bool chrooted;
};

enum { VIEWS_MAX = 2 };

/* Returns how many different views of a socketmap there are, 1 or 2. */
size_t use_views(const struct postconf *postconf, const struct use *use,
        struct view views[VIEWS_MAX]);

/*
 * Returns the line, and where it belongs, that puts `replacement` for the
 * endpoint, or for the whole table if endpoint is NULL.
 */
const char *use_fix(const struct postconf *postconf, const struct use *use,
        const char *endpoint, const char *map, struct arena *arena);

#endif
