/* SPDX-License-Identifier: MIT */
/* What is known of Postfix's table parameters, declared as data. */
#ifndef CLI_DOCTOR_PARAMS_H
#define CLI_DOCTOR_PARAMS_H

#include "base/span.h"
#include "maps/order.h"

/* What the value of a parameter is. */
enum parameter_kind {
        PARAMETER_MAPS,        /* tables */
        PARAMETER_RECIPIENTS,  /* tables whose values nobody looks at */
        PARAMETER_MATCH_LIST,  /* names, addresses, and tables among them */
        PARAMETER_RESTRICTIONS /* check_..._access TABLE */
};

struct parameter {
        const char *name;
        enum parameter_kind kind;
        enum order order;    /* as Postfix looks keys up in tables of its own */
        const char *daemons; /* that look it up, blanks between */
        /*
         * A delivery agent that takes no socketmap here, the parameter that
         * says whether it is in use, and the line that helps; or NULL.
         */
        const char *refuser;
        const char *transport;
        const char *cure;
};

/* Return NULL when it isn't known. */
const struct parameter *parameter_find(const char *name);

/* The restriction "check_..._access": the order is that of its table. */
const struct parameter *parameter_find_check(struct span word);

/* smtpd(8)'s restrictions: for the members of smtpd_restriction_classes. */
extern const struct parameter parameter_restrictions;

/* Returns what parent_domain_matches_subdomains calls it. */
const char *parameter_parent_name(const struct parameter *parameter);

#endif
