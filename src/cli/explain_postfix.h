/* SPDX-License-Identifier: MIT */
/* What Postfix makes of a reply. */
#ifndef CLI_EXPLAIN_POSTFIX_H
#define CLI_EXPLAIN_POSTFIX_H

#include <socketmap/protocol.h>
#include <stdbool.h>

/* search: which of order_names. Returns a constant text. */
const char *explain_postfix(
        enum socketmap_status status, bool is_empty, int search);

#endif
