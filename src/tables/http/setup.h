/* SPDX-License-Identifier: MIT */
/* What all requests of a table have in common, told to libcurl. */
#ifndef TABLES_HTTP_SETUP_H
#define TABLES_HTTP_SETUP_H

#include "tables/http/config.h"
#include <curl/curl.h>

/*
 * Says whether libcurl has what is needed of it; initializes it once. Returns
 * 0, or a negative errno with the reason. Any thread.
 */
int http_setup_check(struct reason *ret_reason);

/*
 * Sets what does not depend on the key. The handle borrows the config. Returns
 * 0; -ENOTSUP: libcurl cannot do that, or there is no memory.
 */
int http_setup(CURL *curl, const struct http_config *config);

#endif
