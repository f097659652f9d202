/* SPDX-License-Identifier: MIT */
/* What the status of an HTTP reply says about a key. */
#ifndef TABLES_HTTP_STATUS_H
#define TABLES_HTTP_STATUS_H

#include "base/report.h"
#include "base/span.h"

enum http_meaning {
        HTTP_FAILED, /* all that nothing is said of */
        HTTP_FOUND,
        HTTP_NOT_FOUND
};

/* The statuses of a final reply are from 200 to 599. */
#define HTTP_STATUS_END 600

struct http_statuses {
        unsigned char meanings[HTTP_STATUS_END];
        unsigned char widths[HTTP_STATUS_END]; /* of the words they are from */
};

/*
 * Reads the lists of statuses that mean "found" and "not found": words such as
 * 404 and 2xx, in any order; a number counts more than its class, which never
 * means 206: what has that is half a reply. Returns 0, or
 * -EINVAL with the reason: a wrong word, or one status with two meanings.
 */
int http_statuses_parse(const char *found, const char *notfound,
        struct http_statuses *ret_statuses, struct reason *ret_reason);

enum http_meaning http_meaning_of(
        const struct http_statuses *statuses, long status);

/* Returns what a status that failed tells the one who has to mend it. */
const char *http_status_advice(long status);

#endif
