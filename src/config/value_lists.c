/* SPDX-License-Identifier: MIT */
/* Lists. */
#include "base/braces.h"
#include "config/types.h"
#include "config/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int value_split(struct value_input *input, struct value_words *ret_words,
        struct reason *ret_reason)
{
        struct span rest = span_of(input->text != NULL ? input->text : "");
        size_t count = word_count(rest);
        const char **items = arena_alloc(input->arena, count * sizeof(*items));
        size_t *offsets = arena_alloc(input->arena, count * sizeof(*offsets));
        struct span word;

        if (items == NULL || offsets == NULL)
                return -ENOMEM;
        if (input->text != NULL && count == 0) {
                reason_set(ret_reason, "empty: leave it out to set nothing");
                return -EINVAL;
        }
        for (size_t i = 0; i < count; i++) {
                word_next(&rest, &word);
                items[i] = arena_copy(input->arena, word);
                if (items[i] == NULL)
                        return -ENOMEM;
                offsets[i] = (size_t)(word.data - input->text);
        }
        *ret_words = (struct value_words){items, offsets, count};
        return 0;
}

static int parse_names(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        struct config_list *list = ret_value;
        struct value_words words;
        int r = value_split(input, &words, ret_reason);

        *list = (struct config_list){NULL, 0};
        if (r == 0)
                *list = (struct config_list){words.items, words.count};
        return r;
}

/* The list is kept as it is written. */
static int parse_words(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        const char **text = ret_value;
        struct value_words words;
        int r = value_split(input, &words, ret_reason);

        *text = input->text;
        for (size_t i = 0; r == 0 && i < words.count; i++) {
                if (value_find_word(
                            span_of(words.items[i]), input->range.words) >= 0)
                        continue;
                input->wrong_at = words.offsets[i];
                reason_set(ret_reason, "\"%s\" is none of the words there are",
                        words.items[i]);
                r = -EINVAL;
        }
        return r;
}

/* Returns whether all bits of an address behind the first `bits` are 0. */
static bool ends_in_zeros(
        const unsigned char *address, unsigned size, unsigned bits)
{
        for (unsigned i = bits; i < size * 8; i++)
                if ((address[i / 8] & (0x80U >> i % 8)) != 0)
                        return false;
        return true;
}

/* ADDRESS or ADDRESS/BITS, an IPv6 address with or without brackets. */
static int check_network(const char *text, struct reason *ret_reason)
{
        unsigned char address[sizeof(struct in6_addr)];
        size_t size = strcspn(text, "/");
        const char *bits = text[size] == '/' ? text + size + 1 : NULL;
        struct span name = {text, size};
        char copy[INET6_ADDRSTRLEN];
        uint64_t prefix;
        unsigned bytes;

        if (size > 2 && text[0] == '[' && text[size - 1] == ']')
                name = (struct span){text + 1, size - 2};
        if (name.size >= sizeof(copy))
                name.size = 0;
        memcpy(copy, name.data, name.size);
        copy[name.size] = '\0';
        bytes = inet_pton(AF_INET, copy, address) == 1    ? 4
                : inet_pton(AF_INET6, copy, address) == 1 ? 16
                                                          : 0;
        prefix = bytes * 8;
        if (bytes == 0) {
                reason_set(ret_reason,
                        "\"%s\" is no network: expected ADDRESS or "
                        "ADDRESS/BITS, such as 192.0.2.0/24",
                        text);
                return -EINVAL;
        }
        if (bits != NULL && number_parse(bits, &units_none, 0, bytes * 8,
                                    &prefix, ret_reason) < 0)
                return -EINVAL;
        if (ends_in_zeros(address, bytes, (unsigned)prefix))
                return 0;
        reason_set(ret_reason,
                "\"%s\": the address has bits set behind the first %u", text,
                (unsigned)prefix);
        return -EINVAL;
}

static int parse_networks(
        struct value_input *input, void *ret_value, struct reason *ret_reason)
{
        struct config_list *list = ret_value;
        struct value_words words;
        int r = value_split(input, &words, ret_reason);

        *list = (struct config_list){NULL, 0};
        if (r < 0)
                return r;
        for (size_t i = 0; i < words.count && r == 0; i++) {
                input->wrong_at = words.offsets[i];
                r = check_network(words.items[i], ret_reason);
        }
        if (r == 0)
                *list = (struct config_list){words.items, words.count};
        return r;
}

const struct value_type value_names = {"NAME...", NULL, parse_names};
const struct value_type value_networks = {"NETWORK...", NULL, parse_networks};
const struct value_type value_words = {"WORD...", NULL, parse_words};
