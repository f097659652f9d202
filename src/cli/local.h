/* SPDX-License-Identifier: MIT */
/* A map of a configuration, asked without a daemon. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "config/types.h"
#include "tables/table.h"
#include <socketmap/protocol.h>

struct local;

/*
 * Reads a configuration and opens what one of its maps answers from; a name
 * that it has no map of, is a matter of its map "*". Returns an exit status
 * (cli.h), after a complaint unless it is 0. A map that would answer TEMP for
 * want of its table is no failure: it answers so here, too.
 */
int local_open(const char *file, const char *map, struct local **ret_local);

/*
 * Answers as the daemon would; trace may be NULL. The result's text lives until
 * the next call.
 */
void local_ask(struct local *local, struct span key, struct trace *trace,
        struct socketmap_result *ret_result);

const struct config_map *local_map(const struct local *local);

/* NULL does nothing. */
void local_close(struct local *local);

#endif
