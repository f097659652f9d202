/* SPDX-License-Identifier: MIT */
#include "lib/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int buffer_reserve(struct buffer *buffer, size_t more)
{
        size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
        char *data;

        if (more <= buffer->capacity - buffer->size)
                return 0;
        if (more > SIZE_MAX / 2 - buffer->size)
                return -ENOMEM;
        while (capacity < buffer->size + more)
                capacity *= 2;
        data = realloc(buffer->data, capacity);
        if (data == NULL)
                return -ENOMEM;
        buffer->data = data;
        buffer->capacity = capacity;
        return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
        int r = buffer_reserve(buffer, size);

        if (r < 0 || size == 0)
                return r;
        memcpy(buffer->data + buffer->size, bytes, size);
        buffer->size += size;
        return 0;
}

void buffer_clear(struct buffer *buffer)
{
        free(buffer->data);
        *buffer = (struct buffer){0};
}
