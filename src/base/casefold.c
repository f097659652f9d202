/* SPDX-License-Identifier: MIT */
#include "base/casefold.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdint.h>

#include "base/casefold_data.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One bit, the highest, for each byte. */
#define HIGH_BITS 0x8080808080808080u
#define EACH_BYTE(value) (0x0101010101010101u * (uint64_t)(value))

/*
 * Returns the high bit of each byte that is an upper case ASCII letter: a sum
 * of 7 bits and a constant reaches the high bit from "A" and from "[" on.
 */
static uint64_t upper_bits(uint64_t word)
{
        uint64_t low = word & ~HIGH_BITS;
        uint64_t from_a = low + EACH_BYTE(0x80 - 'A');
        uint64_t behind_z = low + EACH_BYTE(0x7f - 'Z');

        return (from_a ^ behind_z) & ~word & HIGH_BITS;
}

static bool is_upper(char c)
{
        return c >= 'A' && c <= 'Z';
}

static char to_lower(char c)
{
        return is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* Returns how many bytes at the beginning are folded ASCII already. */
static size_t folded_prefix(struct span text)
{
        size_t i = 0;
        uint64_t word;

        for (; text.size - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, text.data + i, sizeof(word));
                if ((word & HIGH_BITS) != 0 || upper_bits(word) != 0)
                        break;
        }
        while (i < text.size && (unsigned char)text.data[i] < 0x80 &&
                !is_upper(text.data[i]))
                i++;
        return i;
}

/* Folds ASCII; returns the end of what it wrote. */
static char *fold_ascii(struct span text, char *to)
{
        size_t i = 0;
        uint64_t word;

        for (; text.size - i >= sizeof(word); i += sizeof(word)) {
                memcpy(&word, text.data + i, sizeof(word));
                word |= upper_bits(word) >> 2; /* 0x20: lower case */
                memcpy(to + i, &word, sizeof(word));
        }
        for (; i < text.size; i++)
                to[i] = to_lower(text.data[i]);
        return to + text.size;
}

/* Returns what a character becomes, if it is one other character. */
static uint32_t fold_to_one(uint32_t character)
{
        size_t low = 0, high = COUNT(casefold_ranges);

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct casefold_range *range = &casefold_ranges[middle];

                if (character < range->first)
                        high = middle;
                else if (character > range->last)
                        low = middle + 1;
                else if ((character - range->first) % range->step == 0)
                        return character + (uint32_t)range->delta;
                else
                        break;
        }
        return character;
}

/* Returns the characters that one becomes, or NULL. */
static const char *fold_to_several(uint32_t character)
{
        size_t low = 0, high = COUNT(casefold_severals);

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (character < casefold_severals[middle].character)
                        high = middle;
                else if (character > casefold_severals[middle].character)
                        low = middle + 1;
                else
                        return casefold_severals[middle].text;
        }
        return NULL;
}

/* Folds one character; returns the end of what it wrote. */
static char *fold_character(uint32_t character, char *to)
{
        const char *several = fold_to_several(character);
        size_t size;

        if (several == NULL)
                return to + utf8_encode(fold_to_one(character), to);
        size = strlen(several);
        memcpy(to, several, size); /* no NUL: the room may end here */
        return to + size;
}

/* Folds UTF-8 into enough room. Returns the end, or NULL: not UTF-8. */
static char *fold(struct span text, char *to)
{
        while (text.size > 0) {
                size_t size = utf8_ascii_prefix(text);
                uint32_t character;

                if (size > 0) {
                        to = fold_ascii((struct span){text.data, size}, to);
                } else {
                        size = utf8_decode(text, &character);
                        if (size == 0)
                                return NULL;
                        to = fold_character(character, to);
                }
                text.data += size;
                text.size -= size;
        }
        return to;
}

int casefold(struct span text, struct arena *arena, struct span *ret_folded)
{
        char *folded, *end;

        if (folded_prefix(text) == text.size) {
                *ret_folded = text;
                return 0;
        }
        if (text.size > SIZE_MAX / CASEFOLD_GROWTH)
                return -ENOMEM;
        if (utf8_ascii_prefix(text) == text.size)
                folded = arena_bytes(arena, text.size);
        else
                folded = arena_bytes(arena, text.size * CASEFOLD_GROWTH);
        if (folded == NULL)
                return -ENOMEM;
        end = fold(text, folded);
        if (end == NULL)
                return -EILSEQ;
        *ret_folded = (struct span){folded, (size_t)(end - folded)};
        return 0;
}
