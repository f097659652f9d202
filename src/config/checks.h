/* SPDX-License-Identifier: MIT */
/* What must fit together in a configuration. */
#ifndef CONFIG_CHECKS_H
#define CONFIG_CHECKS_H

#include "config/findings.h"
#include "config/types.h"

/* Adds what doesn't to the findings; what is wrong by itself is left out. */
void checks_run(const struct config *config, struct findings *findings);

#endif
