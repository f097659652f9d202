/* SPDX-License-Identifier: MIT */
#include "tables/ldap/quote.h"
#include <errno.h>
#include <stdint.h>

/* What means something; the NUL behind these belongs to them. */
#define FILTER_SPECIAL "*()\\"
#define DN_SPECIAL " \t\"#+,;<>\\"

/* Writes special bytes as a backslash and two digits. */
static int escape(struct span part, const char *special, size_t count,
        struct arena *arena, struct span *ret_quoted)
{
        static const char digits[] = "0123456789ABCDEF";
        size_t size = 0;
        char *text;

        for (size_t i = 0; i < part.size; i++)
                size += memchr(special, part.data[i], count) != NULL;
        *ret_quoted = part;
        if (size == 0)
                return 0;
        if (part.size > SIZE_MAX / 3)
                return -ENOMEM;
        text = arena_bytes(arena, part.size + 2 * size);
        if (text == NULL)
                return -ENOMEM;
        size = 0;
        for (size_t i = 0; i < part.size; i++) {
                unsigned char byte = (unsigned char)part.data[i];

                if (memchr(special, byte, count) == NULL) {
                        text[size++] = (char)byte;
                        continue;
                }
                text[size++] = '\\';
                text[size++] = digits[byte >> 4];
                text[size++] = digits[byte & 15];
        }
        *ret_quoted = (struct span){text, size};
        return 0;
}

int ldap_quote_filter(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        (void)ctx;
        return escape(part, FILTER_SPECIAL, sizeof(FILTER_SPECIAL), arena,
                ret_quoted);
}

/* Blanks and '#' mean something at the ends only, but harm nowhere. */
int ldap_quote_dn(void *ctx, struct span part, struct arena *arena,
        struct span *ret_quoted)
{
        (void)ctx;
        return escape(part, DN_SPECIAL, sizeof(DN_SPECIAL), arena, ret_quoted);
}
