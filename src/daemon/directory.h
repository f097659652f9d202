/* SPDX-License-Identifier: MIT */
/* The directory that a unix socket is in. */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include "base/report.h"

struct config_listener;

/*
 * Makes the parent directory of a unix endpoint with its mode and owner, when
 * it is missing and the section has a directory_mode. Returns 0, or a negative
 * errno with the reason.
 */
int directory_make(
        const struct config_listener *options, struct reason *ret_reason);

#endif
