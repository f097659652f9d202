/* SPDX-License-Identifier: MIT */
#include "lib/framing.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
#include <stdbool.h>
#include <string.h>

struct word {
        const char *text;
        size_t size;
};

#define WORD(text)                     \
        {                              \
                text, sizeof(text) - 1 \
        }

static const struct word status_words[] = {
        [SOCKETMAP_OK] = WORD("OK"),
        [SOCKETMAP_NOTFOUND] = WORD("NOTFOUND"),
        [SOCKETMAP_TEMP] = WORD("TEMP"),
        [SOCKETMAP_TIMEOUT] = WORD("TIMEOUT"),
        [SOCKETMAP_PERM] = WORD("PERM"),
};

/* Returns the word of a status, or NULL for a number that is no status. */
static const struct word *find_word(enum socketmap_status status)
{
        if ((int)status < SOCKETMAP_OK || (int)status > SOCKETMAP_PERM)
                return NULL;
        return &status_words[status];
}

const char *socketmap_status_name(enum socketmap_status status)
{
        const struct word *word = find_word(status);

        return word ? word->text : NULL;
}

/* Returns the size of "FIRST SECOND", or SIZE_MAX. */
static size_t joined_size(size_t first, size_t second)
{
        if (first >= SIZE_MAX - 1 || second > SIZE_MAX - 1 - first)
                return SIZE_MAX;
        return first + 1 + second;
}

int socketmap_request_parse(const void *payload, size_t size,
        const char **ret_name, size_t *ret_name_size, const char **ret_key,
        size_t *ret_key_size)
{
        const char *name = payload;
        const char *space = size > 0 ? memchr(name, ' ', size) : NULL;

        if (space == NULL)
                return -EBADMSG;

        *ret_name = name;
        *ret_name_size = (size_t)(space - name);
        *ret_key = space + 1;
        *ret_key_size = size - *ret_name_size - 1;
        return 0;
}

size_t socketmap_request_wire_size(size_t name_size, size_t key_size)
{
        return socketmap_netstring_size(joined_size(name_size, key_size));
}

int socketmap_request_format(const void *name, size_t name_size,
        const void *key, size_t key_size, void *buffer, size_t size,
        size_t *ret_size)
{
        size_t length = joined_size(name_size, key_size);
        size_t digits = framing_digits(length);
        size_t whole = framing_size(length, digits);
        char *out;

        if (name_size > 0 && memchr(name, ' ', name_size) != NULL)
                return -EINVAL;
        if (size < whole || whole == SIZE_MAX)
                return -ENOBUFS;
        out = framing_begin(buffer, length, digits);
        if (name_size > 0)
                memcpy(out, name, name_size);
        out += name_size;
        *out++ = ' ';
        if (key_size > 0)
                memcpy(out, key, key_size);
        out[key_size] = ',';
        *ret_size = whole;
        return 0;
}

/* Returns the status with this word, or 0. */
static enum socketmap_status find_status(const char *text, size_t size)
{
        enum socketmap_status status;

        for (status = SOCKETMAP_OK; status <= SOCKETMAP_PERM; status++) {
                const struct word *word = &status_words[status];

                if (word->size == size && memcmp(word->text, text, size) == 0)
                        return status;
        }
        return 0;
}

int socketmap_result_parse(
        const void *payload, size_t size, struct socketmap_result *ret_result)
{
        const char *word = payload;
        const char *space = size > 0 ? memchr(word, ' ', size) : NULL;
        size_t word_size = space ? (size_t)(space - word) : size;
        enum socketmap_status status = find_status(word, word_size);

        if (status == 0)
                return -EPROTO;

        ret_result->status = status;
        ret_result->text = space ? space + 1 : word + size;
        ret_result->size = space ? size - word_size - 1 : 0;
        return 0;
}

size_t socketmap_result_wire_size(const struct socketmap_result *result)
{
        const struct word *word = find_word(result->status);

        if (word == NULL)
                return SIZE_MAX;
        return socketmap_netstring_size(joined_size(word->size, result->size));
}

/*
 * Copies a text that must not hold a NUL; a piece at a time, so that a large
 * one comes from the memory only once. Returns false when there is one.
 */
static bool copy_text(char *out, const char *text, size_t size)
{
        enum { PIECE = 8192 };

        for (; size > PIECE; size -= PIECE) {
                if (memchr(text, '\0', PIECE) != NULL)
                        return false;
                memcpy(out, text, PIECE);
                out += PIECE;
                text += PIECE;
        }
        if (size == 0)
                return true;
        if (memchr(text, '\0', size) != NULL)
                return false;
        memcpy(out, text, size);
        return true;
}

int socketmap_result_format(const struct socketmap_result *result, size_t limit,
        void *buffer, size_t size, size_t *ret_size)
{
        const struct word *word = find_word(result->status);
        size_t length, digits, whole;
        char *out;

        if (word == NULL)
                return -EINVAL;
        length = joined_size(word->size, result->size);
        if (length > limit)
                return -EMSGSIZE;
        digits = framing_digits(length);
        whole = framing_size(length, digits);
        if (size < whole || whole == SIZE_MAX)
                return -ENOBUFS;
        out = framing_begin(buffer, length, digits);
        memcpy(out, word->text, word->size);
        out += word->size;
        *out++ = ' ';
        if (!copy_text(out, result->text, result->size))
                return -EINVAL;
        out[result->size] = ',';
        *ret_size = whole;
        return 0;
}
