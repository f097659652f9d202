/* SPDX-License-Identifier: MIT */
#include "tables/ldap/login.h"
#include "tables/ldap/sasl.h"
#include <errno.h>
#include <ldap.h>
#include <unistd.h>

/* Sets what is said of each search. */
static void set_options(
        const struct ldap_config *config, const struct ldap_session *session)
{
        int dereference = (int)config->options.dereference;
        int limit = config->size_limit;

        ldap_set_option(session->ld, LDAP_OPT_SIZELIMIT, &limit);
        ldap_set_option(session->ld, LDAP_OPT_DEREF, &dereference);
        /* It would connect to others by itself, and not always say if it
         * cannot. */
        ldap_set_option(session->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
}

/* Returns the name of an option that cannot be set, or NULL. */
static const char *set_tls_options(
        const struct ldap_options *options, struct ldap *ld)
{
        const struct {
                const char *name;
                int number;
                const char *value;
        } texts[] = {
                {"tls_ca_cert_file", LDAP_OPT_X_TLS_CACERTFILE,
                        options->tls_ca_cert_file},
                {"tls_ca_cert_dir", LDAP_OPT_X_TLS_CACERTDIR,
                        options->tls_ca_cert_dir},
                {"tls_cert", LDAP_OPT_X_TLS_CERTFILE, options->tls_cert},
                {"tls_key", LDAP_OPT_X_TLS_KEYFILE, options->tls_key},
                {"tls_cipher_suite", LDAP_OPT_X_TLS_CIPHER_SUITE,
                        options->tls_cipher_suite},
        };
        int demand = options->tls_require_cert ? LDAP_OPT_X_TLS_DEMAND
                                               : LDAP_OPT_X_TLS_NEVER;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                const char *value = texts[i].value;

                if (value != NULL && *value != '\0' &&
                        ldap_set_option(ld, texts[i].number, value) !=
                                LDAP_OPT_SUCCESS)
                        return texts[i].name;
        }
        if (ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) !=
                LDAP_OPT_SUCCESS)
                return "tls_require_cert";
        return NULL;
}

/* These return 0 or a negative errno with the reason. */
static int refuse(struct reason *ret_reason, const char *what, const char *why)
{
        reason_set(ret_reason, "%s: %s", what, why);
        ret_reason->code = -ENOTCONN;
        return -ENOTCONN;
}

/* A better word than libldap has, which also forgets to free what it had. */
static int try_files(
        const struct ldap_options *options, struct reason *ret_reason)
{
        const struct {
                const char *name, *file;
        } files[] = {
                {"tls_ca_cert_file", options->tls_ca_cert_file},
                {"tls_cert", options->tls_cert},
                {"tls_key", options->tls_key},
        };

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                const char *file = files[i].file;

                if (file == NULL || *file == '\0' || access(file, R_OK) == 0)
                        continue;
                reason_set_errno(
                        ret_reason, -errno, "%s: %s", files[i].name, file);
                return ret_reason->code;
        }
        return 0;
}

/* Options of its own for each session: none of them is the process's. */
static int prepare_tls(const struct ldap_options *options,
        const struct ldap_session *session, struct reason *ret_reason)
{
        static const int is_server = 0;
        const char *name;

        if (try_files(options, ret_reason) < 0)
                return ret_reason->code;
        name = set_tls_options(options, session->ld);
        if (name != NULL)
                return refuse(ret_reason, name, "cannot be set");
        if (ldap_set_option(session->ld, LDAP_OPT_X_TLS_NEWCTX, &is_server) !=
                LDAP_OPT_SUCCESS)
                return refuse(ret_reason, "TLS",
                        "the certificates, the key or the ciphers cannot be "
                        "read");
        return 0;
}

static int ask_for_tls(struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason)
{
        int request;
        int code = ldap_start_tls(session->ld, NULL, NULL, &request);

        if (code != LDAP_SUCCESS)
                return refuse(ret_reason, "start_tls", ldap_err2string(code));
        if (ldap_session_finish(session, request, LDAP_RES_EXTENDED, deadline,
                    "start_tls", ret_reason) != LDAP_SUCCESS)
                return ret_reason->code;
        return 0;
}

/* libldap has no word for a certificate that will not do. */
static void give_tls_reason(const struct ldap_options *options,
        const struct ldap_session *session, int code, struct reason *ret_reason)
{
        static const char no_word[] = "(unknown error code)";
        char *more = NULL;
        bool has_word;

        ldap_get_option(session->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
        has_word = more == NULL || strcmp(more, no_word) != 0;
        ldap_session_reason(session, "TLS", code,
                has_word || !options->tls_require_cert
                        ? more
                        : "the certificate is not trusted, or of another name",
                ret_reason);
        ldap_memfree(more);
}

static int begin_tls(const struct ldap_options *options,
        const struct ldap_server *server, struct ldap_session *session,
        uint64_t deadline, struct reason *ret_reason)
{
        int code, r = prepare_tls(options, session, ret_reason);

        if (r == 0 && !server->is_tls)
                r = ask_for_tls(session, deadline, ret_reason);
        if (r < 0)
                return r;
        ldap_session_set_time(session, deadline);
        code = ldap_install_tls(session->ld);
        if (code == LDAP_SUCCESS)
                return 0;
        give_tls_reason(options, session, code, ret_reason);
        return ret_reason->code;
}

static int log_in_simply(const struct ldap_options *options,
        struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason)
{
        struct reason what;
        char *password =
                (char *)(options->bind_pw != NULL ? options->bind_pw : "");
        struct berval secret = {.bv_val = password, .bv_len = strlen(password)};
        int request, code;

        reason_set(&what, "bind as \"%s\"", options->bind_dn);
        code = ldap_sasl_bind(session->ld, options->bind_dn, LDAP_SASL_SIMPLE,
                &secret, NULL, NULL, &request);
        if (code != LDAP_SUCCESS)
                return refuse(ret_reason, what.text, ldap_err2string(code));
        if (ldap_session_finish(session, request, LDAP_RES_BIND, deadline,
                    what.text, ret_reason) != LDAP_SUCCESS)
                return ret_reason->code;
        return 0;
}

/* Whether a message is one of those before the result of a search. */
static bool is_before_result(int type)
{
        return type == LDAP_RES_SEARCH_ENTRY ||
               type == LDAP_RES_SEARCH_REFERENCE ||
               type == LDAP_RES_INTERMEDIATE;
}

/*
 * Asks for nothing, where nobody logs in: a server that hangs takes connections
 * all the same. Whatever it says, it is there.
 */
static int ask_for_nothing(struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason)
{
        char none[] = LDAP_NO_ATTRS, *names[] = {none, NULL};
        struct ldapmsg *message;
        int request;
        int r = ldap_search_ext(session->ld, "", LDAP_SCOPE_BASE, NULL, names,
                false, NULL, NULL, NULL, LDAP_NO_LIMIT, &request);

        if (r != LDAP_SUCCESS)
                return refuse(ret_reason, "search", ldap_err2string(r));
        do {
                r = ldap_session_next(session, request, deadline, &message);
                if (r > 0)
                        ldap_msgfree(message);
        } while (is_before_result(r));
        if (r > 0)
                return 0;
        ldap_session_reason(session, "search", r, NULL, ret_reason);
        return ret_reason->code;
}

static int log_in(const struct ldap_config *config,
        struct ldap_session *session, uint64_t deadline,
        struct reason *ret_reason)
{
        const struct ldap_options *options = &config->options;

        switch (config->bind) {
        case LDAP_BIND_SIMPLE:
                return log_in_simply(options, session, deadline, ret_reason);
        case LDAP_BIND_SASL:
                return ldap_sasl_log_in(options, session, deadline, ret_reason);
        case LDAP_BIND_NONE:
        default:
                return ask_for_nothing(session, deadline, ret_reason);
        }
}

int ldap_login_as_nobody(const struct ldap_config *config,
        const struct ldap_server *server, struct ldap_session *session,
        uint64_t deadline, struct reason *ret_reason)
{
        const struct ldap_options *options = &config->options;
        int r = ldap_session_open(session, server, deadline, ret_reason);

        if (r < 0)
                return r;
        set_options(config, session);
        if (server->is_tls || options->start_tls)
                r = begin_tls(options, server, session, deadline, ret_reason);
        if (r < 0)
                ldap_session_close(session);
        return r;
}

int ldap_login(const struct ldap_config *config,
        const struct ldap_server *server, struct ldap_session *session,
        uint64_t deadline, struct reason *ret_reason)
{
        int r = ldap_login_as_nobody(
                config, server, session, deadline, ret_reason);

        if (r < 0)
                return r;
        r = log_in(config, session, deadline, ret_reason);
        if (r < 0)
                ldap_session_close(session);
        return r;
}
