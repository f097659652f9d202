/* SPDX-License-Identifier: MIT */
/*
 * ldap:FILE.cf - what a directory says of a key that is asked by LDAP, as
 * ldap_table(5) says.
 */
#include "tables/ldap/client.h"
#include "tables/ldap/session.h"
#include "tables/support/cf_files.h"
#include "tables/support/path.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_ldap;

struct ldap_table {
        struct table table;
        struct ldap_config *config; /* the workers' */
        struct workers *workers;
};

static void *begin(void *ctx, struct reason *ret_reason)
{
        struct ldap_client *client = ldap_client_new(ctx);

        if (client == NULL)
                reason_set_errno(ret_reason, -ENOMEM, "ldap");
        return client;
}

static void end(void *state)
{
        ldap_client_free(state);
}

static void run(void *ctx, void *state, struct lookup *lookup)
{
        (void)ctx;
        ldap_client_ask(state, lookup);
}

static void free_config(void *ctx)
{
        ldap_config_close(ctx);
}

static const struct workers_type workers_type = {
        .begin = begin,
        .end = end,
        .run = run,
        .free = free_config,
};

static int check_ldap(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("ldap", argument, ret_reason);
}

/* The config becomes the table's, unless that returns -ENOMEM. */
static int set_up(const struct table_env *env, const char *file,
        struct ldap_config *config, struct ldap_table *table)
{
        size_t count;
        const struct table_file *more = db_common_files(config->common, &count);

        table->config = config;
        table->table = (struct table){
                .type = &table_type_ldap,
                .entries = SIZE_MAX,
                .pends = true,
        };
        if (cf_files_note(file, &config->state, more, count, &config->arena,
                    &table->table.files, &table->table.file_count) < 0)
                return -ENOMEM;
        table->workers = workers_new(env, &workers_type, config);
        return table->workers != NULL ? 0 : -ENOMEM;
}

static struct table *open_ldap(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct ldap_table *table;
        struct ldap_config *config;

        if (check_ldap(argument, ret_reason) < 0)
                return NULL;
        config = ldap_config_open(env, argument, ret_reason);
        if (config == NULL)
                return NULL;
        ldap_session_prepare();
        table = calloc(1, sizeof(*table));
        if (table != NULL && set_up(env, argument, config, table) == 0)
                return &table->table;
        free(table);
        ldap_config_close(config);
        reason_set_errno(ret_reason, -ENOMEM, "%s", argument);
        return NULL;
}

/* What is not asked for needs no thread. */
static enum progress start(struct table *table, struct lookup *lookup)
{
        struct ldap_table *ldap = (struct ldap_table *)table;
        int r = ldap_config_allows(ldap->config, lookup);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        return shared_hosts_start(
                &ldap->config->servers.shared, ldap->workers, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct ldap_table *)table)->workers, lookup);
}

static void close_ldap(struct table *table)
{
        struct ldap_table *ldap = (struct ldap_table *)table;

        workers_close(ldap->workers);
        free(ldap);
}

const struct table_type table_type_ldap = {
        .name = "ldap",
        .summary = "what a directory says that is asked by LDAP",
        .argument = "FILE.cf",
        .manual =
                "The values of the wanted attributes of all entries that a\n"
                "search in a directory finds, joined by commas.\n"
                "Empty values are skipped; a key is not found when there are\n"
                "no others.\n"
                ".Ar FILE.cf\n"
                "is that of\n"
                ".Xr ldap_table 5 .\n"
                ".Pp\n"
                "The key is escaped wherever it stands: in\n"
                ".Cm query_filter\n"
                "as RFC 4515 says, in\n"
                ".Cm search_base\n"
                "as RFC 4514 does.\n"
                "A base that is not there is a failure, but\n"
                ".Dq not found\n"
                "if it is made of the key.\n"
                "So is an answer above 16 megabytes.\n"
                ".Pp\n"
                "A server that cannot be reached, or does not let us log in,\n"
                "rests for\n"
                ".Cm retry_interval\n"
                "seconds, unless all of them have failed: then lookups are\n"
                "TEMP, and each server is tried once a second.\n"
                "While there is another one, a server gets but its share of\n"
                "the time that a lookup has.\n"
                "Lookups run on threads, each with a connection.\n"
                "With\n"
                ".Cm chase_referrals\n"
                "other servers are asked without logging in, and one that\n"
                "cannot be reached is a failure.\n"
                ".Pp\n"
                "As in Postfix, an entry with terminal or special attributes\n"
                "also decides which attributes of the entries behind it count,\n"
                "if one search finds them.\n"
                ".Pp\n"
                "With\n"
                ".Cm bind = sasl ,\n"
                ".Cm bind_dn\n"
                "is a name as the mechanism has it, mostly that of a user, and\n"
                ".Cm bind_pw\n"
                "the password of that user.\n"
                "The mechanism EXTERNAL wants neither: we are whom\n"
                ".Cm tls_cert\n"
                "names or, at\n"
                ".Ql ldapi:// ,\n"
                "the user that the daemon runs as.\n"
                "Mechanisms are modules of Cyrus SASL.\n"
                "One that shows the password, such as PLAIN, is used with TLS\n"
                "and\n"
                ".Ql ldapi://\n"
                "alone, unless\n"
                ".Xr ldap.conf 5\n"
                "says otherwise.\n"
                "DIGEST-MD5 of its version 2.1.28 loses some memory each\n"
                "time, SCRAM does not.\n"
                "Other than in Postfix, there is a limit to the time that\n"
                "logging in takes, and\n"
                ".Cm sasl_minssf\n"
                "counts.\n"
                ".Pp\n"
                "The protocol is always version 3.\n"
                "What\n"
                ".Xr ldap.conf 5\n"
                "says is heard, as by Postfix: certificates to trust, for one.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = ldap:/etc/postfix/aliases.cf\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map aliases]\n"
                "table = ldap:/etc/postfix/aliases.cf\n"
                "search = virtual\n"
                ".Ed\n",
        .options = ldap_config_options,
        .check = check_ldap,
        .open = open_ldap,
        .start = start,
        .cancel = cancel,
        .close = close_ldap,
};
