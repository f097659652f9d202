/* SPDX-License-Identifier: MIT */
/* What an HTTP table says of a proxy. */
#ifndef TABLES_HTTP_PROXY_H
#define TABLES_HTTP_PROXY_H

#include "base/report.h"

/*
 * Looks whether libcurl can use a proxy: the URL of one, or "environment" for
 * those of variables. It would quote what it can't, with the password, each
 * time. Returns 0; or a negative errno with the reason, which quotes nothing.
 */
int http_proxy_check(const char *proxy, struct reason *ret_reason);

#endif
