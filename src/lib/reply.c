/* SPDX-License-Identifier: MIT */
#include "lib/reply.h"
#include "lib/framing.h"

#include <errno.h>
#include <string.h>

static int append(struct buffer *buffer, const struct socketmap_result *result,
        size_t limit)
{
        size_t used;
        int r;

        if (result->size > limit) /* never make room for what is refused */
                return -EMSGSIZE;
        r = buffer_reserve(buffer, result->size + FRAMING_REPLY_MAX);
        if (r < 0)
                return r;
        r = socketmap_result_format(result, limit, buffer->data + buffer->size,
                buffer->capacity - buffer->size, &used);
        if (r == 0)
                buffer->size += used;
        return r;
}

static const char *refusal(int error)
{
        return error == -EMSGSIZE ? "the value is larger than a reply may be"
                                  : "the value cannot be sent";
}

int reply_append(struct buffer *buffer, enum socketmap_status status,
        const void *text, size_t size, size_t limit,
        enum socketmap_status *ret_status)
{
        struct socketmap_result result = {status, text, size};
        int r = append(buffer, &result, limit), replaced;

        if (r == -EINVAL || r == -EMSGSIZE) {
                result.status = SOCKETMAP_TEMP;
                result.text = refusal(r);
                result.size = strlen(result.text);
                replaced = append(buffer, &result, limit);
                if (replaced < 0)
                        return -ENOMEM;
        } else if (r < 0) {
                return r;
        }
        *ret_status = result.status;
        return r;
}
