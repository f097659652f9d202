/* SPDX-License-Identifier: MIT */
/*
 * Netstrings, the framing of the socketmap protocol: "5:hello,".
 *
 * Pure functions on bytes: no I/O, no allocation, no state, any thread.
 * The grammar is the strict one: the length is decimal digits without sign,
 * blank or leading zero ("0" alone is zero), followed by ':', that many bytes
 * of any value, and ','.
 */
#ifndef SOCKETMAP_NETSTRING_H
#define SOCKETMAP_NETSTRING_H

#include <socketmap/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Finds the netstring at the beginning of `bytes`, without copying.
 *
 * limit: the largest payload accepted, in bytes. A length prefix that can only
 * lead above it is refused as soon as it is seen, before the payload arrives.
 *
 * Returns 1 when the netstring is complete: *ret_payload (borrows from bytes)
 * and *ret_length are its payload, *ret_size the bytes it occupies in whole.
 * Returns 0 when bytes are missing: *ret_size is the least number of bytes the
 * whole netstring can have, which is always more than `size`; payload and
 * length are untouched. Call again with the same beginning and more bytes;
 * each call costs a few instructions, whatever has been seen before.
 * Returns -EBADMSG when it is not a netstring, -EMSGSIZE when it is longer
 * than the limit; outputs are untouched.
 */
SOCKETMAP_API int socketmap_netstring_parse(const void *bytes, size_t size,
        size_t limit, const char **ret_payload, size_t *ret_length,
        size_t *ret_size);

/*
 * Returns how many bytes the netstring of a payload of `length` bytes has, or
 * SIZE_MAX when that cannot be told in a size_t.
 */
SOCKETMAP_API size_t socketmap_netstring_size(size_t length);

/*
 * Writes the netstring of `payload` to `buffer`, without a NUL behind it.
 * The payload may already lie inside the buffer.
 *
 * Returns 0 and the bytes written in *ret_size; -ENOBUFS when `size` is less
 * than socketmap_netstring_size(length), with nothing written.
 */
SOCKETMAP_API int socketmap_netstring_format(const void *payload, size_t length,
        void *buffer, size_t size, size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
