/* SPDX-License-Identifier: MIT */
/* The URL of a lookup: what it may be, and how a key is put into it. */
#ifndef TABLES_HTTP_URL_H
#define TABLES_HTTP_URL_H

#include "base/arena.h"
#include "base/report.h"
#include "base/span.h"

struct http_url {
        const char *server; /* "https://api.example.org:8080"; the arena's */
        bool is_tls;
        bool is_local; /* its host is this one, as far as the name tells */
        bool is_plain; /* all behind the server goes into a request as it is */
};

/*
 * Looks at the template of a URL: http or https, no password in it, and the
 * server the same for all keys. Returns 0; -EINVAL with the reason; -ENOMEM
 * with the reason.
 */
int http_url_parse(const char *text, struct arena *arena,
        struct http_url *ret_url, struct reason *ret_reason);

/* A template_quote: all but letters, digits and -._~ becomes %XX. */
int http_url_quote(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

/*
 * Says whether a server may take the path of a URL for another one than what
 * is written there: it has "." or ".." between slashes, or nothing beside a
 * slash that is written as %2F.
 */
bool http_url_is_ambiguous(const char *url);

#endif
