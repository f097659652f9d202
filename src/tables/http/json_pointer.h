/* SPDX-License-Identifier: MIT */
/* Naming a value inside of a JSON document, as RFC 6901 does. */
#ifndef TABLES_HTTP_JSON_POINTER_H
#define TABLES_HTTP_JSON_POINTER_H

#include "base/arena.h"
#include "base/report.h"
#include <jansson.h>

struct json_pointer {
        const char **tokens; /* the arena's, without "~" */
        size_t count;
};

/*
 * Reads a pointer: "" is the whole document. What it keeps is the arena's.
 * Returns 0; -EINVAL with the reason; -ENOMEM with the reason.
 */
int json_pointer_parse(struct span text, struct arena *arena,
        struct json_pointer *ret_pointer, struct reason *ret_reason);

/*
 * Follows a pointer. Returns 1 with the value, the document's; 0 when something
 * on the way is null or lacks what comes next; -EBADMSG when something there
 * can have no members, or is an array that is asked for a name.
 */
int json_pointer_find(const struct json_pointer *pointer, json_t *document,
        json_t **ret_value);

#endif
