/* SPDX-License-Identifier: MIT */
#include "tables/http/status.h"
#include "base/braces.h"
#include <errno.h>

#define PARTIAL_CONTENT 206

#define WIDTH_NUMBER 1
#define WIDTH_CLASS 100

static bool is_digit(char byte)
{
        return byte >= '0' && byte <= '9';
}

/* Reads "404" or "4xx". Returns the first status, or 0; *ret_width of them. */
static unsigned read_word(struct span word, unsigned *ret_width)
{
        unsigned hundreds;

        if (word.size != 3 || word.data[0] < '2' || word.data[0] > '5')
                return 0;
        hundreds = (unsigned)(word.data[0] - '0') * 100;
        if (memcmp(word.data + 1, "xx", 2) == 0) {
                *ret_width = WIDTH_CLASS;
                return hundreds;
        }
        if (!is_digit(word.data[1]) || !is_digit(word.data[2]))
                return 0;
        *ret_width = WIDTH_NUMBER;
        return hundreds + (unsigned)(word.data[1] - '0') * 10 +
               (unsigned)(word.data[2] - '0');
}

/* Returns 0, or -EINVAL where it has another meaning already. */
static int give_meaning(struct http_statuses *statuses, unsigned status,
        unsigned width, enum http_meaning meaning)
{
        unsigned before = statuses->widths[status];

        if (before == width && statuses->meanings[status] != meaning)
                return -EINVAL;
        if (before != 0 && before < width)
                return 0;
        statuses->widths[status] = (unsigned char)width;
        statuses->meanings[status] = (unsigned char)meaning;
        return 0;
}

static int read_list(const char *name, const char *text,
        enum http_meaning meaning, struct http_statuses *statuses,
        struct reason *ret_reason)
{
        struct span rest = span_of(text), word;

        while (word_next(&rest, &word)) {
                unsigned width = 0, first = read_word(word, &width);

                if (first == 0) {
                        reason_set(ret_reason,
                                "%s: \"%.*s\" is no status, such as 404 or 4xx",
                                name, (int)word.size, word.data);
                        return -EINVAL;
                }
                for (unsigned i = 0; i < width; i++) {
                        if (give_meaning(statuses, first + i, width, meaning) ==
                                0)
                                continue;
                        reason_set(ret_reason,
                                "%s: %.*s means \"found\" already", name,
                                (int)word.size, word.data);
                        return -EINVAL;
                }
        }
        return 0;
}

int http_statuses_parse(const char *found, const char *notfound,
        struct http_statuses *ret_statuses, struct reason *ret_reason)
{
        struct http_statuses statuses = {.meanings = {HTTP_FAILED}};
        int r = read_list(
                "found_status", found, HTTP_FOUND, &statuses, ret_reason);

        if (r == 0)
                r = read_list("notfound_status", notfound, HTTP_NOT_FOUND,
                        &statuses, ret_reason);
        if (r < 0)
                return r;
        if (statuses.widths[PARTIAL_CONTENT] != WIDTH_NUMBER)
                statuses.meanings[PARTIAL_CONTENT] = HTTP_FAILED;
        *ret_statuses = statuses;
        return 0;
}

enum http_meaning http_meaning_of(
        const struct http_statuses *statuses, long status)
{
        if (status < 0 || status >= HTTP_STATUS_END)
                return HTTP_FAILED;
        return (enum http_meaning)statuses->meanings[status];
}

const char *http_status_advice(long status)
{
        switch (status) {
        case PARTIAL_CONTENT:
                return "a part of the reply that nobody has asked for";
        case 401:
        case 403:
        case 407:
                return "look at token_file, user and password";
        case 408:
        case 425:
        case 429:
                return "the server asks for patience";
        case 414:
        case 431:
                return "the key is too long for the server";
        default:
                break;
        }
        if (status >= 500)
                return "the server has failed";
        if (status >= 400)
                return "the server does not take such a request: look at url, "
                       "method, headers and body";
        if (status >= 300)
                return "a redirect: write the address that it leads to, or "
                       "redirects = yes";
        return "neither in found_status nor in notfound_status";
}
