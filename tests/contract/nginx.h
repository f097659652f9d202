/* SPDX-License-Identifier: MIT */
/* An nginx that has one key, for http: and https: tables. */
#ifndef CONTRACT_NGINX_H
#define CONTRACT_NGINX_H

/*
 * Starts one in place of the one before, with a certificate of its own for
 * https. Returns the specification of a table that asks it, for the caller to
 * free; NULL for the empty value, which no reply has.
 */
char *make_http(const char *directory, const char *key, const char *value);
char *make_https(const char *directory, const char *key, const char *value);

/* Ends it, and removes what it has made in the directory. */
void nginx_end(void);

#endif
