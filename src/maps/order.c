/* SPDX-License-Identifier: MIT */
#include "maps/order.h"
#include <errno.h>

static const struct {
        bool rewrites;
        bool propagates;
} results[] = {
        [ORDER_VIRTUAL] = {true, true},
        [ORDER_CANONICAL] = {true, true},
        [ORDER_GENERIC] = {true, false},
        [ORDER_REQUIRETLS] = {false, false},
};

const char *const order_names[] = {
        "exact",
        "virtual",
        "canonical",
        "generic",
        "address",
        "transport",
        "access-mail",
        "access-client",
        "access-helo",
        "relay-domains",
        "network",
        "requiretls",
        /* Other words for "address". */
        "mailbox",
        "relocated",
        "sender-login",
        "bcc",
        "sender-dependent",
        "sasl-password",
        NULL,
};

const char *order_name(enum order order)
{
        return order_names[order];
}

int order_parse(struct span name, enum order *ret_order)
{
        for (size_t i = 0; order_names[i] != NULL; i++) {
                if (!span_equal(name, span_of(order_names[i])))
                        continue;
                *ret_order =
                        i > ORDER_REQUIRETLS ? ORDER_ADDRESS : (enum order)i;
                return 0;
        }
        return -EINVAL;
}

bool order_forbids_substitution(const char *name)
{
        return strcmp(name, "transport") == 0 ||
               strcmp(name, "sender-dependent") == 0;
}

bool order_rewrites(enum order order)
{
        return results[order].rewrites;
}

bool order_propagates(enum order order)
{
        return results[order].propagates;
}
