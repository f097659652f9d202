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

static int reply(struct socketmap_request *request, const char *status,
        const void *text, size_t size)
{
        request->replies++;
        snprintf(request->reply, sizeof(request->reply), "%s %.*s", status,
                (int)size, (const char *)text);
        return 0;
}

int socketmap_reply(struct socketmap_request *request,
        enum socketmap_status status, const void *text, size_t size)
{
        return reply(
                request, status == SOCKETMAP_OK ? "OK" : "other", text, size);
}

int socketmap_reply_notfound(struct socketmap_request *request)
{
        return reply(request, "NOTFOUND", "", 0);
}

int socketmap_reply_temp(struct socketmap_request *request, const char *reason)
{
        return reply(request, "TEMP", reason, strlen(reason));
}
