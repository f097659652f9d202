/* SPDX-License-Identifier: MIT */
#include "base/braces.h"
#include <errno.h>

struct span trim(struct span text)
{
        while (text.size > 0 && byte_is_space(text.data[0])) {
                text.data++;
                text.size--;
        }
        while (text.size > 0 && byte_is_space(text.data[text.size - 1]))
                text.size--;
        return text;
}

size_t braces_size(struct span text)
{
        size_t depth = 0;

        for (size_t i = 0; i < text.size; i++) {
                if (text.data[i] == '{')
                        depth++;
                else if (text.data[i] == '}' && depth > 0)
                        depth--;
                if (depth == 0)
                        return i == 0 ? 0 : i + 1;
        }
        return 0;
}

int braces_strip(
        struct span text, struct span *ret_inside, struct reason *ret_reason)
{
        size_t size = braces_size(text);

        if (size == 0) {
                reason_set(ret_reason, "expected {...}, balanced, in \"%.*s\"",
                        (int)text.size, text.data);
                return -EINVAL;
        }
        if (size < text.size) {
                reason_set(ret_reason, "text after the last '}' in \"%.*s\"",
                        (int)text.size, text.data);
                return -EINVAL;
        }
        *ret_inside = trim((struct span){text.data + 1, size - 2});
        return 0;
}

/* Narrower than white space: \v and \f separate no words. */
static bool is_separator(char byte)
{
        return byte == ',' || byte == ' ' || byte == '\t' || byte == '\r' ||
               byte == '\n';
}

bool word_next(struct span *rest, struct span *ret_word)
{
        size_t start = 0, end, depth = 0;

        while (start < rest->size && is_separator(rest->data[start]))
                start++;
        if (start == rest->size)
                return false;
        for (end = start; end < rest->size; end++) {
                if (rest->data[end] == '{')
                        depth++;
                else if (rest->data[end] == '}' && depth > 0)
                        depth--;
                else if (depth == 0 && is_separator(rest->data[end]))
                        break;
        }
        *ret_word = (struct span){rest->data + start, end - start};
        rest->data += end;
        rest->size -= end;
        return true;
}

size_t word_count(struct span text)
{
        struct span word;
        size_t count = 0;

        while (word_next(&text, &word))
                count++;
        return count;
}
