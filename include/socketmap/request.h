/* SPDX-License-Identifier: MIT */
/*
 * A request, as a lookup function sees it, and the one reply it gets.
 *
 * The rule of all rules: SOCKETMAP_NOTFOUND bounces mail. Reply NOTFOUND only
 * when your data itself says that there is no such key; whatever goes wrong is
 * TEMP. A lookup function that forgets to reply, or that drops its last hold
 * without a reply, makes the server send TEMP.
 */
#ifndef SOCKETMAP_REQUEST_H
#define SOCKETMAP_REQUEST_H

#include <socketmap/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

struct socketmap_request;

/*
 * Answers one request, exactly once, with one of the reply functions below:
 * before it returns, or later if it has called socketmap_request_hold.
 *
 * request: borrowed until the function returns.
 * ctx: what was given when the map was added.
 *
 * It runs on a worker thread of its map, and may block there, for several
 * requests at the same time; with SOCKETMAP_INLINE it runs on the thread of
 * the server and must never block. It may not free the server.
 */
typedef void socketmap_lookup_fn(struct socketmap_request *request, void *ctx);

/*
 * The map's name and the key, as the client sent them, NUL-terminated. They
 * live as long as the request. A key holding a NUL never gets here unless the
 * map was added with SOCKETMAP_BINARY; then use the size. Any thread.
 */
SOCKETMAP_API const char *socketmap_request_name(
        const struct socketmap_request *request);
SOCKETMAP_API size_t socketmap_request_name_size(
        const struct socketmap_request *request);
SOCKETMAP_API const char *socketmap_request_key(
        const struct socketmap_request *request);
SOCKETMAP_API size_t socketmap_request_key_size(
        const struct socketmap_request *request);

/*
 * Returns the milliseconds left until the server answers TIMEOUT in place of
 * the lookup function, 0 when that time has come. Any thread.
 */
SOCKETMAP_API unsigned socketmap_request_remaining(
        const struct socketmap_request *request);

/*
 * The replies. The text is borrowed: it is copied or sent before they return.
 * A value or a reason should be valid UTF-8; NULL is the empty text. An empty
 * value is legal on the wire, and a configuration error to Postfix.
 *
 * Return 0 when the reply is on its way to the client;
 * -EALREADY when the request has been answered before: nothing is sent;
 * -ETIMEDOUT when the server has answered TIMEOUT at the deadline;
 * -ECANCELED when client or server are gone;
 * -EINVAL (status none, or text with NUL) or -EMSGSIZE (above the reply limit)
 * when the text cannot be sent: the server has sent TEMP in its place;
 * -ENOMEM when there was no memory for the copy: TEMP was sent likewise.
 * In every case the request is answered after the call.
 *
 * Any thread that has the request: its lookup function, or a holder.
 */
SOCKETMAP_API int socketmap_reply_ok(
        struct socketmap_request *request, const char *value);
SOCKETMAP_API int socketmap_reply_notfound(struct socketmap_request *request);
SOCKETMAP_API int socketmap_reply_temp(
        struct socketmap_request *request, const char *reason);
SOCKETMAP_API int socketmap_reply_timeout(
        struct socketmap_request *request, const char *reason);
SOCKETMAP_API int socketmap_reply_perm(
        struct socketmap_request *request, const char *reason);

/* The same with any status, and a text of `size` bytes. */
SOCKETMAP_API int socketmap_reply(struct socketmap_request *request,
        enum socketmap_status status, const void *text, size_t size);

/*
 * Keeps a request beyond the return of its lookup function, to be answered
 * later. Copies name and key if they are not yet copied.
 *
 * Returns the request to use from now on, with one reference that is to be
 * ended exactly once by socketmap_request_release; NULL when there is no
 * memory: then return without a reply, and the server sends TEMP.
 * Only from within the lookup function.
 *
 * Holding does not stop the clock: at the deadline the server answers TIMEOUT,
 * and a later reply returns -ETIMEDOUT. A request may be held, answered and
 * released after its client, and after the server, are gone.
 */
SOCKETMAP_API SOCKETMAP_MUST_USE struct socketmap_request *
socketmap_request_hold(struct socketmap_request *request);

/*
 * Ends one hold. If it was the last one and nobody has replied, the server
 * sends TEMP. Replying does not release. NULL does nothing. Any thread.
 */
SOCKETMAP_API void socketmap_request_release(struct socketmap_request *request);

#ifdef __cplusplus
}
#endif

#endif
