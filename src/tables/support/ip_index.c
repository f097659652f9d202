/* SPDX-License-Identifier: MIT */
#include "tables/support/ip_index.h"
#include "tables/support/dict.h"
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The lengths of prefixes that there are in one family. */
struct lengths {
        unsigned char of[IP_BITS_MAX + 1];
        size_t count;
};

struct ip_index {
        struct dict numbers; /* by key_of() */
        struct lengths ipv4, ipv6;
};

struct ip_index *ip_index_new(void)
{
        struct ip_index *index = calloc(1, sizeof(*index));

        if (index != NULL && dict_init(&index->numbers) < 0) {
                free(index);
                return NULL;
        }
        return index;
}

void ip_index_free(struct ip_index *index)
{
        if (index == NULL)
                return;
        dict_fini(&index->numbers);
        free(index);
}

/* Bytes that only equal networks have in common; they live in *network. */
static struct span key_of(const struct ip_network *network)
{
        _Static_assert(sizeof(*network) ==
                               sizeof(int) + IP_BITS_MAX / 8 + sizeof(unsigned),
                "padding would be compared");
        return (struct span){(const char *)network, sizeof(*network)};
}

static void add_length(struct lengths *lengths, unsigned length)
{
        if (memchr(lengths->of, (int)length, lengths->count) == NULL)
                lengths->of[lengths->count++] = (unsigned char)length;
}

int ip_index_add(
        struct ip_index *index, const struct ip_network *network, size_t number)
{
        struct span value = {(const char *)&number, sizeof(number)};
        int result = dict_add(
                &index->numbers, key_of(network), value, DICT_FIRST_WINS);

        if (result < 0)
                return result;
        add_length(network->address.family == AF_INET6 ? &index->ipv6
                                                       : &index->ipv4,
                network->length);
        return 0;
}

size_t ip_index_find(
        const struct ip_index *index, const struct ip_address *address)
{
        const struct lengths *lengths =
                address->family == AF_INET6 ? &index->ipv6 : &index->ipv4;
        size_t least = SIZE_MAX, number;
        struct span value;

        for (size_t i = 0; i < lengths->count; i++) {
                unsigned length = lengths->of[i];
                struct ip_network network = {ip_mask(*address, length), length};

                if (!dict_find(&index->numbers, key_of(&network), &value))
                        continue;
                memcpy(&number, value.data, sizeof(number));
                if (number < least)
                        least = number;
        }
        return least;
}
