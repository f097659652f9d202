/* SPDX-License-Identifier: MIT */
/* The maps of a configuration, as the server asks them. */
#ifndef DAEMON_MAPS_H
#define DAEMON_MAPS_H

#include "base/report.h"

struct config;
struct socketmap_maps;

/*
 * Opens the maps of a configuration: a set for the server, which the caller
 * frees. What is wrong is reported. Returns NULL, with the reason's code, when
 * a table is wrong by itself or there is no memory.
 */
struct socketmap_maps *maps_open(
        const struct config *config, struct report *report, int *ret_code);

#endif
