/* SPDX-License-Identifier: MIT */
#include "lib/held.h"
#include "lib/reply.h"

#include <errno.h>
#include <string.h>
#include <uv.h>

const char *socketmap_request_name(const struct socketmap_request *request)
{
        return request->name;
}

size_t socketmap_request_name_size(const struct socketmap_request *request)
{
        return request->name_size;
}

const char *socketmap_request_key(const struct socketmap_request *request)
{
        return request->key;
}

size_t socketmap_request_key_size(const struct socketmap_request *request)
{
        return request->key_size;
}

unsigned socketmap_request_remaining(const struct socketmap_request *request)
{
        uint64_t now = uv_hrtime() / 1000000;

        return now < request->deadline ? (unsigned)(request->deadline - now)
                                       : 0;
}

static int inline_reply(struct socketmap_request *request,
        enum socketmap_status status, const void *text, size_t size)
{
        struct inline_call *call = request->call;
        int r;

        if (call->answered)
                return -EALREADY;
        call->answered = true;
        r = reply_append(call->out, status, text, size, request->reply_limit,
                &call->status);
        if (r == -ENOMEM)
                call->error = r;
        return r;
}

int socketmap_reply(struct socketmap_request *request,
        enum socketmap_status status, const void *text, size_t size)
{
        if (request->held != NULL)
                return held_reply(request->held, status, text, size);
        return inline_reply(request, status, text, size);
}

static int reply_text(struct socketmap_request *request,
        enum socketmap_status status, const char *text)
{
        return socketmap_reply(
                request, status, text, text != NULL ? strlen(text) : 0);
}

int socketmap_reply_ok(struct socketmap_request *request, const char *value)
{
        return reply_text(request, SOCKETMAP_OK, value);
}

int socketmap_reply_notfound(struct socketmap_request *request)
{
        return reply_text(request, SOCKETMAP_NOTFOUND, NULL);
}

int socketmap_reply_temp(struct socketmap_request *request, const char *reason)
{
        return reply_text(request, SOCKETMAP_TEMP, reason);
}

int socketmap_reply_timeout(
        struct socketmap_request *request, const char *reason)
{
        return reply_text(request, SOCKETMAP_TIMEOUT, reason);
}

int socketmap_reply_perm(struct socketmap_request *request, const char *reason)
{
        return reply_text(request, SOCKETMAP_PERM, reason);
}

struct socketmap_request *socketmap_request_hold(
        struct socketmap_request *request)
{
        struct inline_call *call = request->call;

        if (request->held != NULL) {
                held_hold(request->held);
        } else {
                request->held =
                        held_new(request, call->mailbox, call->generation);
                if (request->held == NULL)
                        return NULL;
                if (call->answered)
                        held_close(request->held, HELD_ANSWERED);
        }
        return &request->held->request;
}

void socketmap_request_release(struct socketmap_request *request)
{
        if (request != NULL && request->held != NULL)
                held_release(request->held);
}
