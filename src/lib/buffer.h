/* SPDX-License-Identifier: MIT */
/* Bytes that grow. A zeroed buffer is an empty one. */
#ifndef LIB_BUFFER_H
#define LIB_BUFFER_H

#include <stddef.h>

struct buffer {
        char *data;
        size_t size;
        size_t capacity;
};

/* Makes room for `more` bytes behind the size. Returns 0 or -ENOMEM. */
int buffer_reserve(struct buffer *buffer, size_t more);

/* Returns 0 or -ENOMEM, with the buffer unchanged. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t size);

/* Frees the bytes; the buffer is an empty one again. */
void buffer_clear(struct buffer *buffer);

#endif
