/* SPDX-License-Identifier: MIT */
/* https:FILE.cf - http:, with nothing sent that can be read on the way. */
#include "tables/http/table.h"
#include "tables/support/path.h"

extern const struct table_type table_type_https;

static int check_https(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("https", argument, ret_reason);
}

static struct table *open_https(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        return http_open(env, &table_type_https, file, true, ret_reason);
}

static const char manual[] =
        "The same as\n"
        ".Cm http : ,\n"
        "with the same options, but that only a URL of https is taken.\n"
        "(One of https is taken by\n"
        ".Cm http : ,\n"
        "too.)\n"
        "The server has to prove who it is by a certificate that the system\n"
        "or\n"
        ".Ic ca_file\n"
        "trusts; the protocol is TLS 1.2 at least.\n"
        "With HTTP/2, lookups share a connection.\n"
        ".Pp\n"
        "Postfix has no such type.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_mailbox_domains = socketmap:inet:127.0.0.1:10700:domains\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map domains]\n"
        "table = https:/etc/postfix/domains.cf\n"
        ".Ed\n"
        ".Pp\n"
        "In FILE.cf:\n"
        ".Bd -literal -offset indent\n"
        "url = https://api.example.org/domains?name=%s\n"
        "method = HEAD\n"
        "ca_file = /etc/postfix/api-ca.pem\n"
        ".Ed\n";

const struct table_type table_type_https = {
        .name = "https",
        .summary = "what an HTTP server replies over TLS",
        .argument = "FILE.cf",
        .manual = manual,
        .check = check_https,
        .open = open_https,
        .start = http_start,
        .cancel = http_cancel,
        .close = http_close,
};
