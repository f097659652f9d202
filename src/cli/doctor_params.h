/* SPDX-License-Identifier: MIT */
/* What is known of Postfix's table parameters, declared as data. */
#ifndef CLI_DOCTOR_PARAMS_H
#define CLI_DOCTOR_PARAMS_H

#include "base/span.h"

/* In which order Postfix looks keys up in a table of its own. */
enum search {
        SEARCH_EXACT,
        SEARCH_VIRTUAL,
        SEARCH_CANONICAL,
        SEARCH_GENERIC,
        SEARCH_ADDRESS,
        SEARCH_TRANSPORT,
        SEARCH_ACCESS_MAIL,
        SEARCH_ACCESS_CLIENT,
        SEARCH_ACCESS_HELO,
        SEARCH_RELAY_DOMAINS,
        SEARCH_NETWORK,
        SEARCH_REQUIRETLS,
        SEARCH_ORDERS
};

extern const char *const search_names[SEARCH_ORDERS];

/* What the value of a parameter is. */
enum parameter_kind {
        PARAMETER_MAPS,        /* tables */
        PARAMETER_MATCH_LIST,  /* names, addresses, and tables among them */
        PARAMETER_RESTRICTIONS /* check_..._access TABLE */
};

struct parameter {
        const char *name;
        enum parameter_kind kind;
        enum search search;
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

/* The restriction "check_..._access": the search is that of its table. */
const struct parameter *parameter_find_check(struct span word);

/* smtpd(8)'s restrictions: for the members of smtpd_restriction_classes. */
extern const struct parameter parameter_restrictions;

#endif
