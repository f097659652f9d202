/* SPDX-License-Identifier: MIT */
#include "tables/ldap/config.h"
#include "base/braces.h"
#include "base/events.h"
#include "tables/support/cf_files.h"
#include <errno.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Where a file is read. */
struct reader {
        struct ldap_config *config;
        const struct table_env *env;
        struct cf cf;
        struct reason *reason;
};

static int refuse(struct reader *reader, int code, const char *text)
{
        return cf_refuse(&reader->cf, code, text, reader->reason);
}

static int refuse_memory(struct reader *reader)
{
        return cf_refuse_memory(reader->cf.file, reader->reason);
}

__attribute__((format(printf, 2, 3))) static void warn(
        struct reader *reader, const char *format, ...)
{
        struct reason text;
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text.text, sizeof(text.text), format, arguments);
        va_end(arguments);
        cf_warn(&reader->cf, text.text);
}

static bool is_one_of(const char *text, const char *one, const char *other)
{
        return strcasecmp(text, one) == 0 || strcasecmp(text, other) == 0;
}

static int read_bind(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        const char *bind = config->options.bind;

        if (is_one_of(bind, "yes", "simple"))
                config->bind = LDAP_BIND_SIMPLE;
        else if (is_one_of(bind, "no", "none"))
                config->bind = LDAP_BIND_NONE;
        else if (strcasecmp(bind, "sasl") == 0)
                config->bind = LDAP_BIND_SASL;
        else
                return refuse(reader, -EBADMSG,
                        "bind: expected yes or simple, no or none, or sasl");
        return 0;
}

/* Postfix has warnings, too, for what it does not know here. */
static void read_scope(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        const char *scope = config->options.scope;

        config->scope = LDAP_SCOPE_SUBTREE;
        if (strcasecmp(scope, "one") == 0)
                config->scope = LDAP_SCOPE_ONELEVEL;
        else if (strcasecmp(scope, "base") == 0)
                config->scope = LDAP_SCOPE_BASE;
        else if (strcasecmp(scope, "sub") != 0)
                warn(reader, "scope: \"%s\" is taken for sub", scope);
        if (config->options.dereference <= LDAP_DEREF_ALWAYS)
                return;
        warn(reader, "dereference: there are 0 to 3: it is taken for 0");
        config->options.dereference = LDAP_DEREF_NEVER;
}

static int read_size_limit(struct reader *reader)
{
        const struct ldap_options *options = &reader->config->options;
        const char *text = options->size_limit;
        unsigned long number;

        reader->config->size_limit = (int)options->expansion_limit;
        if (text == NULL)
                return 0;
        if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
                return refuse(
                        reader, -EBADMSG, "size_limit: not a plain number");
        errno = 0;
        number = strtoul(text, NULL, 10);
        if (errno != 0 || number > INT32_MAX)
                return refuse(
                        reader, -EBADMSG, "size_limit: a number out of range");
        reader->config->size_limit = (int)number;
        return 0;
}

static bool has_sasl_options(const struct ldap_options *options)
{
        return *options->sasl_mechs != '\0' || *options->sasl_realm != '\0' ||
               *options->sasl_authz_id != '\0' || options->sasl_minssf != 0;
}

static void warn_of_ignored(struct reader *reader)
{
        const struct ldap_options *options = &reader->config->options;

        if (reader->config->bind != LDAP_BIND_SASL && has_sasl_options(options))
                warn(reader, "sasl_mechs and the like are ignored: bind is not "
                             "sasl");
        if (options->version != LDAP_VERSION3)
                warn(reader, "version: 3 is spoken all the same");
        if (options->debuglevel != 0)
                warn(reader, "debuglevel is ignored");
        if (options->tls_random_file != NULL)
                warn(reader, "tls_random_file is ignored: the system's random "
                             "numbers are used");
        if (options->cache != NULL && strcasecmp(options->cache, "no") != 0)
                warn(reader, "cache is ignored");
        if (options->cache_expiry != NULL)
                warn(reader, "cache_expiry is ignored");
        if (options->cache_size != NULL)
                warn(reader, "cache_size is ignored");
}

/* libldap tells of them when it connects, and not of which. */
static void warn_of_files(struct reader *reader)
{
        const struct ldap_options *options = &reader->config->options;

        cf_files_look(&reader->cf, "tls_ca_cert_file",
                options->tls_ca_cert_file, CF_FILE_PEM);
        cf_files_look(&reader->cf, "tls_ca_cert_dir", options->tls_ca_cert_dir,
                CF_FILE_DIRECTORY);
        cf_files_look(&reader->cf, "tls_cert", options->tls_cert, CF_FILE_PEM);
        cf_files_look(&reader->cf, "tls_key", options->tls_key, CF_FILE_PEM);
}

/* Adds the names in a list. Returns 0 or -ENOMEM. */
static int add_names(
        struct ldap_config *config, const char *list, size_t *ret_end)
{
        struct ldap_attributes *attributes = &config->attributes;
        struct span rest = span_of(list), word;

        while (word_next(&rest, &word)) {
                char *name = arena_copy(&config->arena, word);

                if (name == NULL)
                        return -ENOMEM;
                attributes->names[attributes->end++] = name;
        }
        *ret_end = attributes->end;
        return 0;
}

static int read_attributes(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        const struct ldap_options *options = &config->options;
        struct ldap_attributes *attributes = &config->attributes;
        size_t count = word_count(span_of(options->terminal_result_attribute)) +
                       word_count(span_of(options->leaf_result_attribute)) +
                       word_count(span_of(options->result_attribute)) +
                       word_count(span_of(options->special_result_attribute));

        attributes->names = arena_alloc(
                &config->arena, (count + 1) * sizeof(*attributes->names));
        if (attributes->names == NULL)
                return refuse_memory(reader);
        if (add_names(config, options->terminal_result_attribute,
                    &attributes->terminal_end) < 0 ||
                add_names(config, options->leaf_result_attribute,
                        &attributes->leaf_end) < 0 ||
                add_names(config, options->result_attribute,
                        &attributes->ordinary_end) < 0 ||
                add_names(config, options->special_result_attribute,
                        &attributes->end) < 0)
                return refuse_memory(reader);
        attributes->names[attributes->end] = NULL;
        return 0;
}

static int read_templates(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        const struct ldap_options *options = &config->options;
        struct db_common_options common = {
                .query = options->query_filter,
                .query_name = "query_filter",
                .result_format = options->result_format,
                .domain = options->domain,
                .expansion_limit = options->expansion_limit,
        };
        struct reason why;
        int r;

        if (common.result_format == NULL || *common.result_format == '\0') {
                common.result_format = options->result_filter;
                common.result_name = "result_filter";
        }
        config->common = db_common_open(reader->env, &common, &why);
        if (config->common == NULL)
                return refuse(reader, why.code, why.text);
        r = template_parse(span_of(options->search_base), TEMPLATE_QUERY,
                &config->arena, &config->base, &why);
        if (r < 0) {
                struct reason whole;

                reason_set(&whole, "search_base: %s", why.text);
                return refuse(reader, r, whole.text);
        }
        if (!db_common_template(config->common)->is_dynamic)
                warn(reader, "query_filter: nothing in it stands for the key");
        return 0;
}

static int read_servers(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        const struct ldap_options *options = &config->options;
        struct place place = cf_place(&reader->cf, "server_host");
        struct reason why;
        int r = ldap_servers_parse(&config->servers,
                span_of(options->server_host), (unsigned)options->server_port,
                options->retry_interval * 1000, &config->arena,
                reader->env->report, &place, &why);

        if (r < 0)
                return refuse(reader, r, why.text);
        if (hosts_belong(&config->servers.shared.hosts, reader->env, "ldap",
                    &config->arena) < 0)
                return refuse_memory(reader);
        return 0;
}

static int read_all(struct reader *reader)
{
        struct ldap_config *config = reader->config;
        int r = file_state_get(reader->cf.file, &config->state);

        if (r < 0) {
                reason_set_errno(reader->reason, r, "%s", reader->cf.file);
                return r;
        }
        r = cf_load(&reader->cf, &config->options, reader->reason);
        if (r == 0)
                r = read_bind(reader);
        if (r == 0)
                r = read_size_limit(reader);
        if (r == 0)
                r = read_attributes(reader);
        if (r == 0)
                r = read_servers(reader);
        if (r == 0)
                r = read_templates(reader);
        if (r < 0)
                return r;
        read_scope(reader);
        warn_of_ignored(reader);
        warn_of_files(reader);
        return 0;
}

struct ldap_config *ldap_config_open(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct ldap_config *config = calloc(1, sizeof(*config));
        struct reader reader = {
                .config = config,
                .env = env,
                .cf = {.file = file,
                        .options = ldap_config_options,
                        .report = env->report,
                        .is_of_postfix = true},
                .reason = ret_reason,
        };

        if (config == NULL) {
                refuse_memory(&reader);
                return NULL;
        }
        arena_init(&config->arena, NULL, 0, SIZE_MAX);
        reader.cf.arena = &config->arena;
        shared_hosts_init(&config->servers.shared);
        if (read_all(&reader) == 0)
                return config;
        ldap_config_close(config);
        return NULL;
}

void ldap_config_close(struct ldap_config *config)
{
        if (config == NULL)
                return;
        shared_hosts_fini(&config->servers.shared);
        db_common_close(config->common);
        arena_fini(&config->arena);
        free(config);
}

int ldap_config_allows(const struct ldap_config *config, struct lookup *lookup)
{
        int r = db_common_allows(config->common, lookup, lookup->key);

        if (r <= 0 || template_needs_met(&config->base.needs, lookup->key))
                return r;
        lookup_trace(lookup, "the key lacks what search_base needs of it: not "
                             "asked");
        return 0;
}

uint64_t ldap_config_deadline(
        const struct ldap_config *config, const struct lookup *lookup)
{
        uint64_t last = events_now() + config->options.timeout * 1000;

        return lookup->deadline < last ? lookup->deadline : last;
}
