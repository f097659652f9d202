/* SPDX-License-Identifier: MIT */
/* A use of a socketmap as one of Postfix's daemons sees it. */
#ifndef CLI_DOCTOR_REACH_H
#define CLI_DOCTOR_REACH_H

#include "cli/doctor.h"
#include "cli/doctor_uses.h"

struct reach {
        struct doctor *doctor;
        const struct use *use;
        struct view view;
        struct looker looker;
        struct path_sight sight;                /* of a unix endpoint */
        const struct config_listener *listener; /* ours; NULL: not known */
};

/* Which parts of a use an earlier one has in common with it. */
enum part { PART_ENDPOINT = 0, PART_MAP = 1, PART_SETTING = 2 };

/*
 * Returns whether no use before has the same endpoint, these parts and this
 * view: what is wrong is told once.
 */
bool reach_is_first(const struct reach *reach, unsigned parts);

/* Returns "PARAMETER: DAEMON(8)", how findings begin. */
const char *reach_who(const struct reach *reach);

/* Is the user let in, and is the map there? */
bool reach_is_served(const struct reach *reach);

/* Does it answer? */
void reach_ask(const struct reach *reach);

#endif
