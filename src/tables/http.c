/* SPDX-License-Identifier: MIT */
/* http:FILE.cf - what an HTTP server replies. */
#include "tables/http/table.h"
#include "tables/support/path.h"

extern const struct table_type table_type_http;

static int check_http(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("http", argument, ret_reason);
}

static struct table *open_http(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        return http_open(env, &table_type_http, file, false, ret_reason);
}

static const char manual[] =
        "The server is asked when a key is looked up: aliases from a REST\n"
        "API, say.\n"
        "A reply has a value when its status is one of\n"
        ".Ic found_status ,\n"
        "and the key is not found when it is one of\n"
        ".Ic notfound_status .\n"
        "All else is a failure, whose reason tells what to do: other\n"
        "statuses, 206 where it is not named, redirects, lost connections,\n"
        "replies that are late, too large, cut short, or don't tell their\n"
        "length.\n"
        "A server that says 404 for other reasons, such as a mistake in\n"
        ".Ic url ,\n"
        "makes every key \"not found\": look up one that is there, first.\n"
        ".Pp\n"
        "In\n"
        ".Ic url\n"
        "and\n"
        ".Ic body ,\n"
        ".Li %s\n"
        "is the key,\n"
        ".Li %u\n"
        "what stands before its last @,\n"
        ".Li %d\n"
        "what stands behind it,\n"
        ".Li %1\n"
        "to\n"
        ".Li %9\n"
        "are the labels of that, counted from the right, and\n"
        ".Li %%\n"
        "is a percent sign.\n"
        "A key that lacks one of these is not found, and the server is not\n"
        "asked.\n"
        "The server's name and port are the same for all keys.\n"
        "A key belongs behind the question mark: in a path, servers\n"
        "may take the slashes and dots in it for their own, and answer for\n"
        "another one; where they could, the lookup fails.\n"
        ".Pp\n"
        "With\n"
        ".Ql result = json: Ns Ar POINTER ,\n"
        "the value is the string, number or boolean of that name in the JSON\n"
        "of the reply, such as\n"
        ".Li json:/data/0/address ;\n"
        "a list of these is joined by commas, without what is null or empty\n"
        "in it.\n"
        "Otherwise the value is the body, one line without the blanks around\n"
        "it; or just the status, where what is there counts.\n"
        "When there is a reply without a value, since it is missing, null\n"
        "or empty, the lookup fails: nobody but you knows if that means\n"
        "\"not found\" there, which\n"
        ".Ic notfound_result\n"
        "tells.\n"
        "It also tells whether\n"
        ".Li false\n"
        "is a value.\n"
        ".Pp\n"
        "No lookup waits for another one while there are\n"
        ".Ic connections\n"
        "left; these are kept.\n"
        "A lookup whose kept connection turns out to be closed is asked again\n"
        "on a new one.\n"
        "A kept connection on which a server says more than it was asked is\n"
        "closed.\n"
        "What it says between a request and its reply is taken for that, as\n"
        "HTTP/1 has no names for requests: there, too many words from a\n"
        "server can be an answer to another key.\n"
        "A server that cannot be reached is tried once a second; meanwhile\n"
        "lookups fail.\n"
        "Each request has an X-Request-Id, which\n"
        ".Nm socketmap Cm explain\n"
        "shows.\n"
        "It shows the URL and the body, too: a token belongs in\n"
        ".Ic token_file .\n"
        "A file of that name, and the certificates, are read again when they\n"
        "change.\n"
        ".Pp\n"
        "Postfix has no such type.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = socketmap:inet:127.0.0.1:10700:aliases\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map aliases]\n"
        "table = http:/etc/postfix/aliases.cf\n"
        "search = virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In FILE.cf:\n"
        ".Bd -literal -offset indent\n"
        "url = http://127.0.0.1:8080/aliases?address=%s\n"
        "result = json:/destinations\n"
        "notfound_result = empty\n"
        "token_file = /etc/postfix/aliases.token\n"
        ".Ed\n";

const struct table_type table_type_http = {
        .name = "http",
        .summary = "what an HTTP server replies",
        .argument = "FILE.cf",
        .manual = manual,
        .options = http_config_options,
        .check = check_http,
        .open = open_http,
        .start = http_start,
        .cancel = http_cancel,
        .close = http_close,
};
