/* SPDX-License-Identifier: MIT */
#include "tables/support/ip.h"
#include <arpa/inet.h>
#include <errno.h>

static unsigned bits_of(int family)
{
        return family == AF_INET6 ? 128 : 32;
}

bool ip_parse(const char *text, struct ip_address *ret_address)
{
        struct ip_address address = {.family = AF_INET};

        if (strchr(text, ':') != NULL)
                address.family = AF_INET6;
        if (inet_pton(address.family, text, address.bytes) != 1)
                return false;
        *ret_address = address;
        return true;
}

struct ip_address ip_mask(struct ip_address address, unsigned length)
{
        for (unsigned i = 0; i < sizeof(address.bytes); i++) {
                unsigned bits = length > 8 * i ? length - 8 * i : 0;

                if (bits < 8)
                        address.bytes[i] &= (unsigned char)(0xff00 >> bits);
        }
        return address;
}

bool ip_is_same(const struct ip_address *a, const struct ip_address *b)
{
        return a->family == b->family &&
               memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Returns false for what is no number up to `most`. */
static bool parse_length(const char *text, unsigned most, unsigned *ret_length)
{
        unsigned length = 0;

        if (*text == '\0')
                return false;
        for (; *text != '\0'; text++) {
                if (*text < '0' || *text > '9')
                        return false;
                length = length * 10 + (unsigned)(*text - '0');
                if (length > most)
                        return false;
        }
        *ret_length = length;
        return true;
}

/*
 * Takes brackets off: [ADDRESS], [ADDRESS]/LENGTH, [ADDRESS/LENGTH]. Returns
 * the length's text, NULL if there is none; false with the reason.
 */
static bool split(
        char **text, const char **ret_length, struct reason *ret_reason)
{
        char *search = *text, *end;

        if (**text == '[') {
                search = ++*text;
                end = strchr(search, ']');
                if (end == NULL) {
                        reason_set(ret_reason, "\"[%s\": expected ']'", search);
                        return false;
                }
                *end++ = '\0';
                if (*end != '\0' && *end != '/') {
                        reason_set(ret_reason, "text behind \"[%s]\"", search);
                        return false;
                }
                if (*end == '/')
                        search = end;
        }
        end = strchr(search, '/');
        if (end != NULL)
                *end++ = '\0';
        *ret_length = end;
        return true;
}

static void set_host_bits(const struct ip_address *network, const char *address,
        unsigned length, struct reason *ret_reason)
{
        char text[INET6_ADDRSTRLEN];

        if (inet_ntop(network->family, network->bytes, text, sizeof(text)) ==
                NULL)
                text[0] = '\0';
        reason_set(ret_reason,
                "\"%s/%u\" has bits set behind the first %u, perhaps you mean "
                "\"%s/%u\"",
                address, length, length, text, length);
}

/* Sets the length of the prefix, and checks that the rest is 0. */
static int set_length(struct ip_network *network, const char *address,
        const char *text, struct reason *ret_reason)
{
        struct ip_address masked;
        unsigned most = bits_of(network->address.family);

        network->length = most;
        if (text == NULL)
                return 0;
        if (!parse_length(text, most, &network->length)) {
                reason_set(ret_reason,
                        "\"%s/%s\": expected a number from 0 to %u behind the "
                        "'/'",
                        address, text, most);
                return -EINVAL;
        }
        masked = ip_mask(network->address, network->length);
        if (ip_is_same(&masked, &network->address))
                return 0;
        set_host_bits(&masked, address, network->length, ret_reason);
        return -EINVAL;
}

int ip_network_parse(
        char *text, struct ip_network *ret_network, struct reason *ret_reason)
{
        const char *length_text;
        struct ip_network network;

        if (!split(&text, &length_text, ret_reason))
                return -EINVAL;
        if (!ip_parse(text, &network.address)) {
                reason_set(ret_reason,
                        "\"%s\" is no IP address, as 192.0.2.1 or 2001:db8::1 "
                        "is",
                        text);
                return -EINVAL;
        }
        if (set_length(&network, text, length_text, ret_reason) < 0)
                return -EINVAL;
        *ret_network = network;
        return 0;
}
