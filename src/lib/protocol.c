/* SPDX-License-Identifier: MIT */
#include "lib/framing.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
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

/* Writes "FIRST SECOND" as a netstring. Returns 0 or -ENOBUFS. */
static int format_joined(const void *first, size_t first_size,
        const void *second, size_t second_size, void *buffer, size_t size,
        size_t *ret_size)
{
        size_t length = joined_size(first_size, second_size);
        size_t digits = framing_digits(length);
        size_t whole = framing_size(length, digits);
        char *out;

        if (size < whole || whole == SIZE_MAX)
                return -ENOBUFS;
        out = framing_begin(buffer, length, digits);
        if (first_size > 0)
                memcpy(out, first, first_size);
        out += first_size;
        *out++ = ' ';
        if (second_size > 0)
                memcpy(out, second, second_size);
        out[second_size] = ',';
        *ret_size = whole;
        return 0;
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
        if (name_size > 0 && memchr(name, ' ', name_size) != NULL)
                return -EINVAL;
        return format_joined(
                name, name_size, key, key_size, buffer, size, ret_size);
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

int socketmap_result_format(const struct socketmap_result *result, size_t limit,
        void *buffer, size_t size, size_t *ret_size)
{
        const struct word *word = find_word(result->status);

        if (word == NULL)
                return -EINVAL;
        if (result->size > 0 && memchr(result->text, '\0', result->size))
                return -EINVAL;
        if (joined_size(word->size, result->size) > limit)
                return -EMSGSIZE;
        return format_joined(word->text, word->size, result->text, result->size,
                buffer, size, ret_size);
}
