/* SPDX-License-Identifier: MIT */
#include "tables/pcre/code.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define NO_BYTE (-1)

const char *pcre_message(int error, char *buffer, size_t size)
{
        if (pcre2_get_error_message(error, (PCRE2_UCHAR *)buffer, size) ==
                PCRE2_ERROR_BADDATA)
                snprintf(buffer, size, "error %d of PCRE2", error);
        return buffer;
}

static unsigned char lower(unsigned char byte)
{
        return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* Returns what a query for `type` of a byte says, 1 meaning that there is one.
 */
static int known_byte(const pcre2_code *code, uint32_t type, uint32_t byte)
{
        uint32_t is_known, value;

        if (pcre2_pattern_info(code, type, &is_known) != 0 || is_known != 1 ||
                pcre2_pattern_info(code, byte, &value) != 0 || value > 255)
                return NO_BYTE;
        return lower((unsigned char)value);
}

static void learn(struct pcre_code *pattern)
{
        const pcre2_code *code = pattern->code;
        uint32_t options = 0;

        pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
        pattern->is_anchored = (options & PCRE2_ANCHORED) != 0;
        pcre2_pattern_info(code, PCRE2_INFO_MINLENGTH, &pattern->least);
        pattern->first = known_byte(
                code, PCRE2_INFO_FIRSTCODETYPE, PCRE2_INFO_FIRSTCODEUNIT);
        pattern->needed = known_byte(
                code, PCRE2_INFO_LASTCODETYPE, PCRE2_INFO_LASTCODEUNIT);
        /* May fail where memory is never executable: it matches without. */
        (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
}

struct pcre_code *pcre_compile(const char *text, uint32_t options,
        unsigned *ret_groups, struct reason *ret_reason)
{
        struct pcre_code *pattern = calloc(1, sizeof(*pattern));
        char message[200];
        uint32_t groups = 0;
        PCRE2_SIZE at;
        int error = PCRE2_ERROR_HEAP_FAILED;

        if (pattern != NULL)
                pattern->code = pcre2_compile((PCRE2_SPTR)text,
                        PCRE2_ZERO_TERMINATED, options, &error, &at, NULL);
        if (pattern == NULL || pattern->code == NULL) {
                free(pattern);
                if (error == PCRE2_ERROR_HEAP_FAILED)
                        reason_set_errno(ret_reason, -ENOMEM, "pattern");
                else
                        reason_set(ret_reason,
                                "character %zu of the pattern: %s", at + 1,
                                pcre_message(error, message, sizeof(message)));
                return NULL;
        }
        learn(pattern);
        pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &groups);
        *ret_groups = groups;
        return pattern;
}

void pcre_free(struct pcre_code *pattern)
{
        pcre2_code_free(pattern->code);
        free(pattern);
}

struct pcre_bytes pcre_bytes_of(struct span key)
{
        struct pcre_bytes bytes = {{0}};

        for (size_t i = 0; i < key.size; i++) {
                unsigned byte = lower((unsigned char)key.data[i]);

                bytes.bits[byte / 64] |= (uint64_t)1 << byte % 64;
        }
        return bytes;
}

static bool has_byte(const struct pcre_bytes *bytes, int byte)
{
        return (bytes->bits[byte / 64] >> byte % 64 & 1) != 0;
}

bool pcre_may_match(const struct pcre_code *pattern,
        const struct pcre_bytes *bytes, struct span key)
{
        if (key.size < pattern->least)
                return false;
        if (pattern->needed != NO_BYTE && !has_byte(bytes, pattern->needed))
                return false;
        if (pattern->first == NO_BYTE)
                return true;
        if (!pattern->is_anchored)
                return has_byte(bytes, pattern->first);
        return key.size > 0 &&
               lower((unsigned char)key.data[0]) == pattern->first;
}
