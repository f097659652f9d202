/* SPDX-License-Identifier: MIT */
#include "lib/framing.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <string.h>

/* "0:,": the shortest netstring. */
#define NETSTRING_SIZE_MIN 3

/*
 * No length above this is ever accepted, so that one more digit cannot
 * overflow a size_t, nor can the framing around the payload.
 */
#define LENGTH_MAX ((SIZE_MAX - 9) / 10)

int socketmap_netstring_parse(const void *bytes, size_t size, size_t limit,
        const char **ret_payload, size_t *ret_length, size_t *ret_size)
{
        const unsigned char *byte = bytes;
        size_t digits = 0, length = 0, whole;

        if (limit > LENGTH_MAX)
                limit = LENGTH_MAX;

        for (; digits < size; digits++) {
                unsigned digit = (unsigned)byte[digits] - '0';

                if (digit > 9)
                        break;
                if (length == 0 && digits > 0)
                        return -EBADMSG;
                length = length * 10 + digit;
                if (length > limit)
                        return -EMSGSIZE;
        }

        if (size == 0) {
                *ret_size = NETSTRING_SIZE_MIN;
                return 0;
        }
        if (digits == 0 || (digits < size && byte[digits] != ':'))
                return -EBADMSG;

        whole = digits + 1 + length + 1;
        if (size < whole) {
                *ret_size = whole;
                return 0;
        }
        if (byte[whole - 1] != ',')
                return -EBADMSG;

        *ret_payload = (const char *)byte + digits + 1;
        *ret_length = length;
        *ret_size = whole;
        return 1;
}

size_t socketmap_netstring_size(size_t length)
{
        return framing_size(length, framing_digits(length));
}

int socketmap_netstring_format(const void *payload, size_t length, void *buffer,
        size_t size, size_t *ret_size)
{
        size_t digits = framing_digits(length);
        size_t whole = framing_size(length, digits);
        char *out = buffer;

        if (size < whole || whole == SIZE_MAX)
                return -ENOBUFS;

        /* The payload first: it may lie where the length goes. */
        if (length > 0)
                memmove(out + digits + 1, payload, length);
        framing_begin(out, length, digits);
        out[whole - 1] = ',';
        *ret_size = whole;
        return 0;
}
