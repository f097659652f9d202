/* SPDX-License-Identifier: MIT */
/* What the FILE.cf of an ldap table says, checked and taken to pieces. */
#ifndef TABLES_LDAP_CONFIG_H
#define TABLES_LDAP_CONFIG_H

#include "base/cf.h"
#include "tables/ldap/servers.h"
#include "tables/support/db_common.h"

/* The options, by their names. */
struct ldap_options {
        const char *server_host;
        uint64_t server_port, timeout, retry_interval, version;
        const char *search_base, *query_filter, *scope, *domain;
        const char *result_format, *result_filter, *result_attribute;
        const char *special_result_attribute, *terminal_result_attribute;
        const char *leaf_result_attribute;
        uint64_t recursion_limit, expansion_limit, dereference;
        const char *size_limit;
        bool chase_referrals;
        const char *bind, *bind_dn, *bind_pw;
        const char *sasl_mechs, *sasl_realm, *sasl_authz_id;
        uint64_t sasl_minssf;
        bool start_tls, tls_require_cert;
        const char *tls_ca_cert_file, *tls_ca_cert_dir, *tls_cert, *tls_key;
        const char *tls_random_file, *tls_cipher_suite;
        const char *cache, *cache_expiry, *cache_size;
        uint64_t debuglevel;
};

extern const struct cf_option ldap_config_options[];

/*
 * The attributes that are asked for, terminal ones before leaf ones, ordinary
 * ones, and special ones, so that a number tells what one is.
 */
struct ldap_attributes {
        char **names; /* ended by NULL */
        size_t terminal_end, leaf_end, ordinary_end, end;
};

/* Whether and how to log in. */
enum ldap_bind { LDAP_BIND_NONE, LDAP_BIND_SIMPLE, LDAP_BIND_SASL };

/* Constant once it is open, but for the servers: for any thread. */
struct ldap_config {
        struct ldap_options options;
        struct ldap_servers servers;
        struct db_common *common; /* its query is the filter */
        struct template base;
        struct ldap_attributes attributes;
        int scope;      /* libldap's number */
        int size_limit; /* 0: none */
        enum ldap_bind bind;
        struct file_state state; /* of the file, before it was read */
        struct arena arena;
};

/*
 * Reads a file. No server is asked. Returns NULL with the reason: -EBADMSG for
 * what is wrong in the file.
 */
struct ldap_config *ldap_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason);

/* NULL does nothing. */
void ldap_config_close(struct ldap_config *config);

/* Whether a key has all that base, filter and result need of it. */
int ldap_config_allows(const struct ldap_config *config, struct lookup *lookup);

/* When what begins now has to be done: a server has that much time. */
uint64_t ldap_config_deadline(
        const struct ldap_config *config, const struct lookup *lookup);

#endif
