/* SPDX-License-Identifier: MIT */
#include "tables/ldap/config.h"

#define MEMBER(type_, member) \
        .type = (type_), .offset = offsetof(struct ldap_options, member)
#define TEXT(member) MEMBER(CF_TEXT, member), .most = SIZE_MAX
#define FILLED(member) MEMBER(CF_TEXT, member), .least = 1, .most = SIZE_MAX
#define NUMBER(member, from, to) \
        MEMBER(CF_NUMBER, member), .least = (from), .most = (to)
#define DAY 86400

const struct cf_option ldap_config_options[] = {
        {"server_host", FILLED(server_host), .fallback = "localhost",
                .summary = "the servers, tried in this order: URLs, or names "
                           "with or without a port"},
        {"server_port", NUMBER(server_port, 0, 65535), .fallback = "389",
                .summary = "the port of names without one"},
        {"timeout", NUMBER(timeout, 1, DAY), .fallback = "10",
                .summary = "seconds for each step of a search; less if the "
                           "lookup has less"},
        {"search_base", TEXT(search_base), .fallback = "",
                .summary = "the name of the entry below which to search; %s "
                           "and the like stand for the key, escaped"},
        {"query_filter", TEXT(query_filter),
                .fallback = "(mailacceptinggeneralid=%s)",
                .summary = "what to search for; %s and the like stand for the "
                           "key, escaped"},
        {"result_format", TEXT(result_format),
                .summary = "what to make of each value; the default is "
                           "result_filter"},
        {"result_filter", FILLED(result_filter), .fallback = "%s",
                .summary = "the old name of result_format"},
        {"domain", TEXT(domain),
                .summary = "only addresses in these domains are looked up"},
        {"result_attribute", TEXT(result_attribute), .fallback = "maildrop",
                .summary = "the attributes that hold values"},
        {"special_result_attribute", TEXT(special_result_attribute),
                .fallback = "",
                .summary = "attributes that hold names of other entries, or "
                           "URLs: what is found there belongs to the result"},
        {"terminal_result_attribute", TEXT(terminal_result_attribute),
                .fallback = "",
                .summary = "attributes that hold values, and where there is "
                           "one no other attribute counts"},
        {"leaf_result_attribute", TEXT(leaf_result_attribute), .fallback = "",
                .summary = "attributes that hold values, but not where there "
                           "are special ones"},
        {"scope", FILLED(scope), .fallback = "sub",
                .summary = "how deep to search: sub, one or base"},
        {"recursion_limit", NUMBER(recursion_limit, 1, INT32_MAX),
                .fallback = "1000",
                .summary = "how deep special attributes may lead"},
        {"expansion_limit", NUMBER(expansion_limit, 0, INT32_MAX),
                .fallback = "0",
                .summary = "how many values a key may have; 0 is for any "
                           "number"},
        {"size_limit", TEXT(size_limit),
                .summary = "how many entries one search may find, 0 is for any "
                           "number; the default is expansion_limit"},
        {"dereference", NUMBER(dereference, 0, INT32_MAX), .fallback = "0",
                .summary = "when to follow the directory's own aliases: 0 "
                           "never, 1 when searching, 2 to find the base, 3 "
                           "always"},
        {"chase_referrals", MEMBER(CF_BOOL, chase_referrals), .fallback = "no",
                .summary = "whether to ask the servers that others refer to"},
        {"bind", FILLED(bind), .fallback = "yes",
                .summary = "how to log in: yes or simple, with a password or "
                           "without; no or none, not at all; sasl"},
        {"bind_dn", TEXT(bind_dn), .fallback = "",
                .summary = "who logs in; with sasl, the name that the "
                           "mechanism wants, if any"},
        {"bind_pw", MEMBER(CF_SECRET, bind_pw), .most = SIZE_MAX,
                .summary = "the password; better bind_pw_file, a file or "
                           "credential that holds it"},
        {"sasl_mechs", TEXT(sasl_mechs), .fallback = "",
                .summary = "mechanisms of SASL, of which the best is used; the "
                           "default is SASL_MECH of ldap.conf, or else those "
                           "that the server names"},
        {"sasl_realm", TEXT(sasl_realm), .fallback = "",
                .summary = "the realm that a mechanism of SASL may want"},
        {"sasl_authz_id", TEXT(sasl_authz_id), .fallback = "",
                .summary = "as whom to act, if that is somebody else: "
                           "dn:NAME or u:NAME"},
        {"sasl_minssf", NUMBER(sasl_minssf, 0, 4096), .fallback = "0",
                .summary = "how strong, in bits, the protection of a "
                           "connection has to be, be it TLS or SASL"},
        {"version", NUMBER(version, 2, INT32_MAX), .fallback = "3",
                .summary = "always 3"},
        {"start_tls", MEMBER(CF_BOOL, start_tls), .fallback = "no",
                .summary = "whether TLS begins before anything is said; "
                           "with ldaps it does anyhow"},
        {"tls_require_cert", MEMBER(CF_BOOL, tls_require_cert),
                .fallback = "no",
                .summary = "whether the server has to prove by a certificate "
                           "who it is"},
        {"tls_ca_cert_file", TEXT(tls_ca_cert_file),
                .summary = "certificates to trust instead of the system's, in "
                           "PEM"},
        {"tls_ca_cert_dir", TEXT(tls_ca_cert_dir),
                .summary = "a directory of such files"},
        {"tls_cert", TEXT(tls_cert),
                .summary = "a certificate to show the server, in PEM"},
        {"tls_key", TEXT(tls_key), .summary = "the key of tls_cert"},
        {"tls_cipher_suite", TEXT(tls_cipher_suite),
                .summary = "the ciphers, as the TLS library of libldap writes "
                           "them"},
        {"tls_random_file", TEXT(tls_random_file),
                .summary = "ignored: the system's random numbers are used"},
        {"retry_interval", NUMBER(retry_interval, 1, DAY), .fallback = "60",
                .summary = "seconds for which a server that fails is left "
                           "alone, if there are others; not in Postfix"},
        {"debuglevel", NUMBER(debuglevel, 0, INT32_MAX), .fallback = "0",
                .summary = "ignored"},
        {"cache", TEXT(cache), .summary = "ignored, as in Postfix"},
        {"cache_expiry", TEXT(cache_expiry),
                .summary = "ignored, as in Postfix"},
        {"cache_size", TEXT(cache_size), .summary = "ignored, as in Postfix"},
        {.name = NULL},
};
