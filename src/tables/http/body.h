/* SPDX-License-Identifier: MIT */
/* The body of a request, with a key in it. */
#ifndef TABLES_HTTP_BODY_H
#define TABLES_HTTP_BODY_H

#include "tables/support/template.h"

/* Constant once it is parsed: for any thread. */
struct http_body {
        struct template template;
        template_quote *quote; /* how a part of a key is written there */
};

/*
 * Reads the template of a body. By its type a key is escaped: JSON, where it
 * has to stand inside of strings, or a form; other types have no keys in them.
 * Returns 0; -EINVAL with the reason; -ENOMEM with the reason.
 */
int http_body_parse(const char *text, const char *content_type,
        struct arena *arena, struct http_body *ret_body,
        struct reason *ret_reason);

/*
 * A template_quote for JSON, inside of a string; -EILSEQ for what is not UTF-8,
 * which JSON cannot hold.
 */
int http_json_quote(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted);

#endif
