/* SPDX-License-Identifier: MIT */
/* A Postfix configuration, as postconf(1) tells it. */
#ifndef CLI_POSTCONF_H
#define CLI_POSTCONF_H

#include "base/arena.h"
#include "base/report.h"

#include <stdbool.h>

/* What somebody has set: in main.cf, or for one service in master.cf. */
struct postconf_setting {
        const char *service; /* "submission/inet"; NULL: main.cf */
        const char *name;
        const char *value;   /* with $name expanded */
        const char *written; /* without */
        struct postconf_setting *next;
};

/* A line of master.cf. */
struct postconf_service {
        const char *name; /* "submission/inet" */
        const char *daemon;
        bool chrooted;
        struct postconf_service *next;
};

struct postconf {
        const char *directory; /* NULL: the default one */
        struct postconf_setting *settings;
        struct postconf_service *services;
        struct postconf_setting *values; /* of postconf_get */
};

/*
 * Reads main.cf and master.cf of a directory (NULL: the default one); what
 * postconf warns of goes to stderr. Returns 0, or a negative errno with the
 * reason.
 */
int postconf_read(const char *directory, struct arena *arena,
        struct postconf *ret_postconf, struct reason *ret_reason);

/*
 * Returns the expanded value of one of the parameters listed in postconf.c,
 * set or not; "" when this Postfix doesn't have it.
 */
const char *postconf_get(const struct postconf *postconf, const char *name);

/*
 * Returns the service of master.cf with this name, "smtp/unix"; NULL if there
 * is none.
 */
const struct postconf_service *postconf_find_service(
        const struct postconf *postconf, const char *name);

#endif
