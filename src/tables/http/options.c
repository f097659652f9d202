/* SPDX-License-Identifier: MIT */
#include "tables/http/config.h"

#define MEMBER(type_, member) \
        .type = (type_), .offset = offsetof(struct http_options, member)
#define TEXT(member) MEMBER(CF_TEXT, member), .most = SIZE_MAX
#define FILLED(member) MEMBER(CF_TEXT, member), .least = 1, .most = SIZE_MAX

/* No more memory than this for the body of a reply, however many at once. */
#define SIZE_MOST ((uint64_t)4 * 1024 * 1024)

const struct cf_option http_config_options[] = {
        {"url", FILLED(url),
                .summary = "what is asked for; %s and the like stand for the "
                           "key, percent-encoded"},
        {"method", FILLED(method), .fallback = "GET",
                .summary = "GET, HEAD, POST or PUT"},
        {"headers", TEXT(headers),
                .summary = "headers to send, {NAME: VALUE} each; nothing in "
                           "them stands for the key"},
        {"body", TEXT(body),
                .summary = "what POST and PUT send; %s and the like stand for "
                           "the key, escaped as content_type needs"},
        {"content_type", FILLED(content_type), .fallback = "application/json",
                .summary = "the type of body; with a key in it, JSON or "
                           "application/x-www-form-urlencoded"},
        {"found_status", TEXT(found_status), .fallback = "2xx",
                .summary = "statuses of a reply with a value, such as 200 or "
                           "2xx"},
        {"notfound_status", TEXT(notfound_status), .fallback = "204 404",
                .summary = "statuses that mean \"not found\", such as 404 410"},
        {"result", FILLED(result),
                .summary = "the value: body, json:POINTER (RFC 6901) or "
                           "status; the default is body, with HEAD status"},
        {"notfound_result", TEXT(notfound_result),
                .summary = "results that mean \"not found\" instead of a "
                           "failure: missing, null, empty, false"},
        {"result_format", FILLED(result_format), .fallback = "%s",
                .summary = "what to make of each value"},
        {"domain", TEXT(domain),
                .summary = "only addresses in these domains are looked up"},
        {"expansion_limit", MEMBER(CF_NUMBER, expansion_limit),
                .most = INT32_MAX, .fallback = "0",
                .summary = "how many values a key may have; 0 is for any "
                           "number"},
        {"token_file", FILLED(token_file),
                .summary = "a file or credential with a bearer token"},
        {"user", FILLED(user), .summary = "the name for basic authentication"},
        {"password", MEMBER(CF_SECRET, password), .least = 1, .most = SIZE_MAX,
                .summary = "its password; better password_file, a file or "
                           "credential that holds it"},
        {"verify", MEMBER(CF_BOOL, verify), .fallback = "yes",
                .summary = "whether the server has to prove by a certificate "
                           "who it is"},
        {"ca_file", FILLED(ca_file),
                .summary = "certificates to trust instead of the system's, "
                           "in PEM"},
        {"cert_file", FILLED(cert_file),
                .summary = "a certificate to show the server, in PEM"},
        {"key_file", FILLED(key_file),
                .summary = "the key of cert_file, if it is not in there, too"},
        {"unix_socket", FILLED(unix_socket),
                .summary = "the path of a socket to connect to, whatever "
                           "server url names"},
        {"proxy", FILLED(proxy),
                .summary = "the URL of a proxy, or environment for what "
                           "https_proxy and such variables say"},
        {"redirects", MEMBER(CF_BOOL, redirects), .fallback = "no",
                .summary =
                        "whether redirects are followed, up to 5; headers go "
                        "along"},
        {"user_agent", FILLED(user_agent), .fallback = "socketmap",
                .summary = "what to call ourselves"},
        {"max_size", MEMBER(CF_NUMBER, max_size), .least = 1, .most = SIZE_MOST,
                .fallback = "100000",
                .summary = "the bytes that a reply's body may have"},
        {"timeout", MEMBER(CF_NUMBER, timeout), .least = 1, .most = 3600,
                .fallback = "10",
                .summary = "seconds for a reply; less if the lookup has less"},
        {"connections", MEMBER(CF_NUMBER, connections), .least = 1,
                .most = 1000, .fallback = "8",
                .summary = "how many requests may be under way at once, each "
                           "on a connection but for HTTP/2"},
        {.name = NULL},
};
