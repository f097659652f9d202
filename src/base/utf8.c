/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

size_t utf8_ascii_prefix(struct span bytes)
{
        size_t i = 0;
        uint64_t word;

        for (; bytes.size - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, bytes.data + i, sizeof(word));
                if (word & 0x8080808080808080u)
                        break;
        }
        while (i < bytes.size && (unsigned char)bytes.data[i] < 0x80)
                i++;
        return i;
}

/* What the first byte of a character says about all of it. */
static size_t length_of(unsigned char first)
{
        if (first < 0x80)
                return 1;
        if (first >= 0xc2 && first <= 0xdf)
                return 2;
        if (first >= 0xe0 && first <= 0xef)
                return 3;
        if (first >= 0xf0 && first <= 0xf4)
                return 4;
        return 0;
}

size_t utf8_decode(struct span bytes, uint32_t *ret_character)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        const unsigned char *p = (const unsigned char *)bytes.data;
        size_t length = length_of(p[0]);
        uint32_t character;

        if (length == 0 || length > bytes.size)
                return 0;
        character = length == 1 ? p[0] : p[0] & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                character = character << 6 | (p[i] & 0x3fu);
        }
        if (character < least[length] || character > 0x10ffff ||
                (character >= 0xd800 && character <= 0xdfff))
                return 0;
        *ret_character = character;
        return length;
}

size_t utf8_encode(uint32_t character, char *to)
{
        static const unsigned char mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
        size_t length = character < 0x80      ? 1
                        : character < 0x800   ? 2
                        : character < 0x10000 ? 3
                                              : 4;

        for (size_t i = length; i-- > 1; character >>= 6)
                to[i] = (char)(0x80 | (character & 0x3f));
        to[0] = (char)(mark[length] | character);
        return length;
}

bool utf8_is_valid(struct span bytes)
{
        for (;;) {
                size_t size = utf8_ascii_prefix(bytes);
                uint32_t character;

                if (size == bytes.size)
                        return true;
                bytes.data += size;
                bytes.size -= size;
                size = utf8_decode(bytes, &character);
                if (size == 0)
                        return false;
                bytes.data += size;
                bytes.size -= size;
        }
}
