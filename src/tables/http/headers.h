/* SPDX-License-Identifier: MIT */
/* The headers that all requests have. */
#ifndef TABLES_HTTP_HEADERS_H
#define TABLES_HTTP_HEADERS_H

#include "base/report.h"
#include <curl/curl.h>

/*
 * Reads "{NAME: VALUE} {NAME: VALUE}", and adds them to a list of libcurl's,
 * which the caller frees in any case. Those that say how the body is sent, or
 * that an option says, are refused. Returns 0; -EINVAL or -ENOMEM with the
 * reason.
 */
int http_headers_parse(
        const char *text, struct curl_slist **list, struct reason *ret_reason);

/* Adds one, whatever its name. Returns as above. */
int http_headers_add(const char *name, const char *value,
        struct curl_slist **list, struct reason *ret_reason);

/* Has libcurl not send one of its own. Returns as above. */
int http_headers_omit(
        const char *name, struct curl_slist **list, struct reason *ret_reason);

/* Whether a text can be the value of a header: one printable line. */
bool http_headers_can_hold(const char *value);

#endif
