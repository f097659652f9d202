/* SPDX-License-Identifier: MIT */
#include "cli/explain_postfix.h"

#include "maps/order.h"

/*
 * By order: what a value is, what its absence means when no other table of the
 * list has the key, and what a failure does. From Postfix's dict_sockmap.c,
 * maps.c, smtpd_check.c, cleanup_map1n.c and trivial-rewrite/resolve.c.
 */
static const struct {
        const char *found, *absent, *failed;
} meanings[] = {
        [ORDER_EXACT] = {"uses the value, or takes the key for a member of "
                         "the list",
                "asks the next table of its list; the last: the key is not "
                "there",
                "defers: 451 to SMTP clients, mail in the queue waits"},
        [ORDER_VIRTUAL] = {"asks again for each address of the value, until "
                           "nothing is found, and delivers there",
                "asks the next table of its list; the last: the address stays "
                "as it is, and is rejected (550 5.1.1) in a virtual alias "
                "domain",
                "defers: 451 4.3.0 Temporary lookup failure"},
        [ORDER_CANONICAL] = {"puts the first address of the value in its place",
                "asks the next table of its list; the last: the address stays "
                "as it is",
                "defers: 451 4.3.0 queue file write error"},
        [ORDER_GENERIC] = {"puts the first address of the value in its place",
                "asks the next table of its list; the last: the address stays "
                "as it is",
                "ends the delivery process and tries the mail again later"},
        [ORDER_ADDRESS] = {"uses the value, or takes the address for one that "
                           "exists",
                "asks the next table of its list; the last: as if there were "
                "no entry, which is 550 5.1.1 User unknown for a recipient",
                "defers: 451 4.3.0 Temporary lookup failure"},
        [ORDER_TRANSPORT] = {"delivers with this transport and next hop",
                "asks the next table of its list; the last: delivers as "
                "without transport_maps",
                "defers: 451 4.3.0, or waits in the queue"},
        [ORDER_ACCESS_MAIL] = {"does what the value says, as access(5)",
                "asks the next table or restriction",
                "defers: 451 4.3.5 Server configuration error"},
        [ORDER_ACCESS_CLIENT] = {"does what the value says, as access(5)",
                "asks for the next of host name and address, then the next "
                "restriction",
                "defers: 451 4.3.5 Server configuration error"},
        [ORDER_ACCESS_HELO] = {"does what the value says, as access(5)",
                "asks the next table or restriction",
                "defers: 451 4.3.5 Server configuration error"},
        [ORDER_RELAY_DOMAINS] = {"takes the domain for a member of the list",
                "asks the next table of its list; the last: not a relay "
                "domain, which is 554 5.7.1 Relay access denied for a stranger",
                "defers: 451 4.3.0 Temporary lookup failure"},
        [ORDER_NETWORK] = {"takes the client for a member of the list",
                "asks the next table of its list; the last: not a member",
                "defers: 451 4.3.0 Temporary lookup failure"},
        [ORDER_REQUIRETLS] = {"follows the policy of the value",
                "asks the next table of its list; the last: its default policy",
                "defers the mail"},
};

const char *explain_postfix(
        enum socketmap_status status, bool is_empty, int search)
{
        enum order order = ORDER_EXACT;

        order_parse(span_of(order_names[search]), &order);
        if (status == SOCKETMAP_OK && is_empty)
                return "takes it for a match in a list of domains or networks, "
                       "for a configuration error (451) elsewhere";
        if (status == SOCKETMAP_OK)
                return meanings[order].found;
        if (status == SOCKETMAP_NOTFOUND)
                return meanings[order].absent;
        return meanings[order].failed;
}
