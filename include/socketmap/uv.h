/* SPDX-License-Identifier: MIT */
/*
 * A server on a libuv loop of your own. Needs libuv's headers.
 */
#ifndef SOCKETMAP_UV_H
#define SOCKETMAP_UV_H

#include <socketmap/server.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates a server on `loop`, which must outlive it: whoever runs the loop
 * drives the server, and run, dispatch and get_fd return -EBUSY. The server
 * keeps the loop alive until it is freed.
 * socketmap_server_free then closes everything; the loop has to go on until
 * libuv has closed the handles (uv_run returning 0 tells), and only then may
 * it be closed.
 *
 * Returns NULL when there is no memory.
 */
SOCKETMAP_API struct socketmap_server *socketmap_server_new_uv(uv_loop_t *loop);

/*
 * Sets a function that is called on the loop's thread when the server has
 * nothing left to serve: after a drain, a stop, or the end of its last
 * connection without a listener. It may free the server.
 */
SOCKETMAP_API void socketmap_server_on_idle(struct socketmap_server *server,
        void (*idle)(struct socketmap_server *server, void *ctx), void *ctx);

#ifdef __cplusplus
}
#endif

#endif
