/* SPDX-License-Identifier: MIT */
#include "maps/order_walk.h"
#include "base/casefold.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <strings.h>

#define IPV6_PREFIX "IPv6:"

static struct span tail(struct span text, size_t from)
{
        return (struct span){text.data + from, text.size - from};
}

/*
 * Unlike inet_pton, Postfix lets octets begin with zeros, but no address with
 * an octet of zero that is not all zeros.
 */
static bool is_ipv4(struct span text)
{
        unsigned octets = 0, digits = 0, value = 0, first = 0, all = 0;

        for (size_t i = 0; i <= text.size; i++) {
                if (i == text.size || text.data[i] == '.') {
                        if (digits == 0 || ++octets > 4)
                                return false;
                        first = octets == 1 ? value : first;
                        digits = value = 0;
                        continue;
                }
                if (text.data[i] < '0' || text.data[i] > '9')
                        return false;
                digits = 1;
                value = value * 10 + (unsigned)(text.data[i] - '0');
                if (value > 255)
                        return false;
                all |= value;
        }
        return octets == 4 && (first != 0 || all == 0);
}

/* Returns the family of an address, AF_UNSPEC when it is none. */
static int parse_address(struct span text, unsigned char *ret_bytes)
{
        char copy[INET6_ADDRSTRLEN];

        if (text.size == 0 || text.size >= sizeof(copy) ||
                memchr(text.data, '\0', text.size) != NULL)
                return AF_UNSPEC;
        memcpy(copy, text.data, text.size);
        copy[text.size] = '\0';
        if (inet_pton(AF_INET, copy, ret_bytes) == 1)
                return AF_INET;
        return inet_pton(AF_INET6, copy, ret_bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

bool walk_is_address(struct span text)
{
        unsigned char bytes[sizeof(struct in6_addr)];

        return is_ipv4(text) || parse_address(text, bytes) == AF_INET6;
}

struct span walk_parent(struct span name, bool with_dot)
{
        const char *dot = name.size < 2
                                  ? NULL
                                  : memchr(name.data + 1, '.', name.size - 1);

        if (dot == NULL)
                return tail(name, name.size);
        return tail(name, (size_t)(dot - name.data) + (with_dot ? 0 : 1));
}

struct span walk_network(struct span address)
{
        char delimiter = '.';
        const char *last;

        if (address.size == 0)
                return address;
        if (memchr(address.data, ':', address.size) != NULL)
                delimiter = ':';
        last = memrchr(address.data, delimiter, address.size);
        address.size = last == NULL ? 0 : (size_t)(last - address.data);
        return address;
}

/* Parses "[192.0.2.1]", "[IPv6:::1]", "[::1]". */
static int parse_literal(struct span domain, unsigned char *ret_bytes)
{
        size_t prefix = strlen(IPV6_PREFIX);

        if (domain.size < 2 || domain.data[0] != '[' ||
                domain.data[domain.size - 1] != ']')
                return AF_UNSPEC;
        domain = (struct span){domain.data + 1, domain.size - 2};
        if (domain.size > prefix &&
                strncasecmp(domain.data, IPV6_PREFIX, prefix) == 0)
                domain = tail(domain, prefix);
        return parse_address(domain, ret_bytes);
}

static bool is_same_literal(struct span a, struct span b)
{
        unsigned char a_bytes[sizeof(struct in6_addr)];
        unsigned char b_bytes[sizeof(struct in6_addr)];
        int family = parse_literal(a, a_bytes);

        return family != AF_UNSPEC && family == parse_literal(b, b_bytes) &&
               memcmp(a_bytes, b_bytes,
                       family == AF_INET ? sizeof(struct in_addr)
                                         : sizeof(struct in6_addr)) == 0;
}

int walk_is_mine(struct span domain, const struct span *mydomains, size_t count,
        struct arena *arena)
{
        struct span bare;
        int r;

        if (count == 0 || domain.size == 0)
                return 0;
        r = casefold(domain, arena, &domain);
        if (r < 0)
                return r == -EILSEQ ? 0 : r;
        bare = domain;
        if (bare.data[bare.size - 1] == '.')
                bare.size--;
        for (size_t i = 0; i < count; i++)
                if (span_equal(mydomains[i], domain) ||
                        span_equal(mydomains[i], bare) ||
                        is_same_literal(mydomains[i], bare))
                        return 1;
        return 0;
}
