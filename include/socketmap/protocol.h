/* SPDX-License-Identifier: MIT */
/*
 * Socketmap requests and results, to and from bytes.
 *
 * A request is the netstring of "NAME KEY": the name of a map, one space, and
 * a key of any bytes. A result is the netstring of "STATUS TEXT". Pure
 * functions: no I/O, no allocation, any thread.
 *
 * Source: Postfix socketmap_table(5), Sendmail's op manual ("socket" maps).
 */
#ifndef SOCKETMAP_PROTOCOL_H
#define SOCKETMAP_PROTOCOL_H

#include <socketmap/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The five answers. Zero is none of them, so that forgotten memory is never an
 * answer.
 */
enum socketmap_status {
        SOCKETMAP_OK = 1,   /* found: the text is the value */
        SOCKETMAP_NOTFOUND, /* the table itself says it has no such key */
        SOCKETMAP_TEMP,     /* failure: the client tries again later */
        SOCKETMAP_TIMEOUT,  /* failure: it took too long */
        SOCKETMAP_PERM      /* failure that waiting cannot cure */
};

/*
 * Default limits, in bytes of netstring payload. Postfix before 3.12 sends
 * requests of any size, and refuses replies of more than 100,000 bytes.
 */
#define SOCKETMAP_REQUEST_SIZE_MAX 131072
#define SOCKETMAP_REPLY_SIZE_MAX 100000

/* A result: status and text of `size` bytes. The text is borrowed. */
struct socketmap_result {
        enum socketmap_status status;
        const char *text;
        size_t size;
};

/*
 * Returns the word of a status on the wire ("OK", "NOTFOUND", ...), or NULL
 * for a number that is no status.
 */
SOCKETMAP_API const char *socketmap_status_name(enum socketmap_status status);

/*
 * Splits the payload of a request at its first space, without copying. Name
 * and key may be empty; the key may hold any byte, spaces included.
 *
 * Returns 0, or -EBADMSG when there is no space at all. The outputs borrow
 * from the payload and are not NUL-terminated.
 */
SOCKETMAP_API int socketmap_request_parse(const void *payload, size_t size,
        const char **ret_name, size_t *ret_name_size, const char **ret_key,
        size_t *ret_key_size);

/*
 * Returns the bytes that socketmap_request_format needs for these sizes, or
 * SIZE_MAX when that cannot be told in a size_t.
 */
SOCKETMAP_API size_t socketmap_request_wire_size(
        size_t name_size, size_t key_size);

/*
 * Writes a whole request, framing included, to `buffer`.
 *
 * Returns 0 and the bytes written in *ret_size; -EINVAL when the name holds a
 * space (the server would read another name), -ENOBUFS when `size` is too
 * small. Nothing is written on failure.
 */
SOCKETMAP_API int socketmap_request_format(const void *name, size_t name_size,
        const void *key, size_t key_size, void *buffer, size_t size,
        size_t *ret_size);

/*
 * Splits the payload of a reply into status and text, without copying. The
 * words are upper case; a reply without a space has an empty text (servers
 * other than ours send a bare "NOTFOUND").
 *
 * Returns 0, or -EPROTO when the first word is no status.
 */
SOCKETMAP_API int socketmap_result_parse(
        const void *payload, size_t size, struct socketmap_result *ret_result);

/*
 * Returns the bytes that socketmap_result_format needs for this result, or
 * SIZE_MAX when that cannot be told in a size_t or the status is none.
 */
SOCKETMAP_API size_t socketmap_result_wire_size(
        const struct socketmap_result *result);

/*
 * Writes a whole reply, framing included, to `buffer`. The space after the
 * status is always there: a bare "OK" crashes Sendmail, and is "not found" to
 * Postfix before 3.8.16.
 *
 * limit: the largest payload ("STATUS TEXT") in bytes.
 *
 * Returns 0 and the bytes written in *ret_size; -EINVAL when the status is
 * none or the text holds a NUL (clients would cut the value there without a
 * word), -EMSGSIZE when the payload is above the limit (Postfix fails every
 * later lookup of that connection), -ENOBUFS when `size` is too small.
 * On failure *ret_size is untouched, and the buffer's bytes are undefined.
 */
SOCKETMAP_API int socketmap_result_format(const struct socketmap_result *result,
        size_t limit, void *buffer, size_t size, size_t *ret_size);

#ifdef __cplusplus
}
#endif

#endif
