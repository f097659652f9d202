/* SPDX-License-Identifier: MIT */
/* From the body of an HTTP reply to the answer of a lookup. */
#ifndef TABLES_HTTP_RESULT_H
#define TABLES_HTTP_RESULT_H

#include "tables/http/json_pointer.h"
#include "tables/support/db_common.h"

enum http_result_kind {
        HTTP_RESULT_BODY,  /* its text */
        HTTP_RESULT_JSON,  /* what a pointer into it names */
        HTTP_RESULT_STATUS /* the number */
};

/* Constant once it is parsed: for any thread. */
struct http_result {
        enum http_result_kind kind;
        struct json_pointer pointer;
        const char *text;  /* the option's, borrowed */
        unsigned notfound; /* values that mean "not found" */
};

/*
 * Reads `result`: "body", "json:POINTER" or "status"; and `notfound`, a list of
 * "missing", "null", "empty" and "false". Returns 0; -EINVAL with the reason;
 * -ENOMEM with the reason.
 */
int http_result_parse(const char *result, const char *notfound,
        struct arena *arena, struct http_result *ret_result,
        struct reason *ret_reason);

/*
 * Answers a lookup by the body of a reply that says "found". It is absent only
 * for the values that were said to mean so; nothing else that is missing,
 * null, empty or of another form than a value or a list of them is absence.
 * name: the server's, for reasons.
 */
void http_result_answer(const struct http_result *result, const char *name,
        const struct db_common *common, long status, struct span body,
        struct lookup *lookup);

#endif
