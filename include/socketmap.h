/* SPDX-License-Identifier: MIT */
/*
 * libsocketmap: answer the socketmap lookups of Postfix and Sendmail.
 *
 * This header brings the whole API. A program that needs a part of it may
 * include that part alone: <socketmap/netstring.h>, <socketmap/protocol.h>,
 * <socketmap/request.h>, <socketmap/server.h>, <socketmap/client.h>.
 * <socketmap/uv.h> (a server on your own libuv loop) is never included here,
 * so that only those who use it need libuv's headers.
 */
#ifndef SOCKETMAP_H
#define SOCKETMAP_H

#include <socketmap/base.h>
#include <socketmap/client.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
#include <socketmap/request.h>
#include <socketmap/server.h>

#endif
