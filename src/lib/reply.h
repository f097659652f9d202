/* SPDX-License-Identifier: MIT */
/* Replies on their way into a buffer. */
#ifndef LIB_REPLY_H
#define LIB_REPLY_H

#include "lib/buffer.h"
#include <socketmap/protocol.h>

/*
 * Appends a reply, framing included. What cannot be sent (NUL, too large,
 * status none) is replaced by TEMP with the reason, since every request gets
 * one answer. limit: the largest payload in bytes, at least 64.
 *
 * *ret_status is the status that was appended; it is set on every return
 * but -ENOMEM. Returns 0; -EINVAL or -EMSGSIZE when it was replaced; -ENOMEM
 * when nothing could be appended.
 */
int reply_append(struct buffer *buffer, enum socketmap_status status,
        const void *text, size_t size, size_t limit,
        enum socketmap_status *ret_status);

#endif
