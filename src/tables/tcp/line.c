/* SPDX-License-Identifier: MIT */
#include "tables/tcp/line.h"
#include "base/braces.h"
#include <errno.h>
#include <stdint.h>

/* What stands for itself: ASCII that is printed, but for '%'. */
static bool is_plain(unsigned char byte)
{
        return byte > ' ' && byte < 0x7f && byte != '%';
}

static void put(struct bytes *out, const char *data, size_t size)
{
        memcpy(out->data + out->size, data, size);
        out->size += size;
}

static void encode(struct span key, struct bytes *out)
{
        static const char digits[] = "0123456789ABCDEF";

        for (size_t i = 0; i < key.size; i++) {
                unsigned char byte = (unsigned char)key.data[i];
                const char code[] = {'%', digits[byte >> 4], digits[byte & 15]};

                if (is_plain(byte))
                        put(out, &key.data[i], 1);
                else
                        put(out, code, sizeof(code));
        }
}

int tcp_line_write(struct span key, struct bytes *out)
{
        static const char command[] = "get ";
        size_t more = sizeof(command); /* the newline's for the NUL's */

        if (key.size > (SIZE_MAX - more) / 3)
                return -ENOMEM;
        if (bytes_reserve(out, more + 3 * key.size) < 0)
                return -ENOMEM;
        put(out, command, sizeof(command) - 1);
        encode(key, out);
        put(out, "\n", 1);
        return 0;
}

unsigned tcp_line_split(struct span line, struct span *ret_text)
{
        unsigned status = 0;

        if (line.size < 4 || line.data[0] == '0' ||
                !byte_is_space(line.data[3]))
                return 0;
        for (size_t i = 0; i < 3; i++) {
                if (line.data[i] < '0' || line.data[i] > '9')
                        return 0;
                status = status * 10 + (unsigned)(line.data[i] - '0');
        }
        *ret_text = (struct span){line.data + 4, line.size - 4};
        return status;
}

/* Returns the digit's value, or -1. */
static int digit_of(char byte)
{
        if (byte >= '0' && byte <= '9')
                return byte - '0';
        if (byte >= 'a' && byte <= 'f')
                return byte - 'a' + 10;
        return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Returns the byte that %XX at the beginning stands for, or -1. */
static int byte_of(struct span text)
{
        int high = text.size > 2 ? digit_of(text.data[1]) : -1;
        int low = text.size > 2 ? digit_of(text.data[2]) : -1;

        return high < 0 || low < 0 ? -1 : high * 16 + low;
}

ssize_t tcp_line_decode(struct span text, char *to)
{
        ssize_t size = 0;

        while (text.size > 0) {
                size_t used = 1;
                int byte = (unsigned char)text.data[0];

                if (byte == '%') {
                        byte = byte_of(text);
                        used = 3;
                }
                if (byte < 0)
                        return -EBADMSG;
                to[size++] = (char)byte;
                text.data += used;
                text.size -= used;
        }
        return size;
}
