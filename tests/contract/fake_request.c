/* SPDX-License-Identifier: MIT */
#include "fake_request.h"
#include <stdio.h>

const char *socketmap_request_key(const struct socketmap_request *request)
{
        return request->key.data;
}

size_t socketmap_request_key_size(const struct socketmap_request *request)
{
        return request->key.size;
}

unsigned socketmap_request_remaining(const struct socketmap_request *request)
{
        return request->remaining;
}

struct socketmap_request *socketmap_request_hold(
        struct socketmap_request *request)
{
        if (request->cannot_hold)
                return NULL;
        request->holds++;
        return request;
}

void socketmap_request_release(struct socketmap_request *request)
{
        request->releases++;
}

int socketmap_reply(struct socketmap_request *request,
        enum socketmap_status status, const void *text, size_t size)
{
        const char *name = status == SOCKETMAP_OK         ? "OK"
                           : status == SOCKETMAP_NOTFOUND ? "NOTFOUND"
                           : status == SOCKETMAP_TEMP     ? "TEMP"
                                                          : "other";

        request->replies++;
        snprintf(request->reply, sizeof(request->reply), "%s %.*s", name,
                (int)size, (const char *)text);
        return request->reply_result;
}
