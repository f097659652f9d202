/* SPDX-License-Identifier: MIT */
/*
 * mysql:FILE.cf - what a query gives that a server of MySQL or MariaDB is
 * asked, as mysql_table(5) says.
 */
#include "tables/mysql/connection.h"
#include "tables/support/cf_files.h"
#include "tables/support/path.h"
#include "tables/support/sql_config.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_mysql;

struct options {
        struct sql_config sql; /* first */
        struct mysql_login login;
        const char *hosts;
        bool requires_result;
        uint64_t idle_interval, retry_interval;
};

#define OFFSET(member) offsetof(struct options, member)
#define TEXT(member) .type = CF_TEXT, .offset = OFFSET(member), .most = SIZE_MAX
#define DAY 86400

static const struct cf_option options[] = {
        {"hosts", TEXT(hosts), .least = 1, .fallback = "localhost",
                .summary = "the servers, any of which will do"},
        {"user", TEXT(login.user), .summary = "who logs in"},
        {"password", CF_SECRET, OFFSET(login.password), 0, SIZE_MAX,
                .summary = "the password of the user"},
        {"dbname", TEXT(login.dbname), .least = 1,
                .summary = "the database's name"},
        {"charset", TEXT(login.charset), .least = 1, .fallback = "utf8mb4",
                .summary = "the encoding of keys and values"},
        SQL_CONFIG_OPTIONS,
        {"require_result_set", CF_BOOL, OFFSET(requires_result),
                .fallback = "yes",
                .summary =
                        "a query without a result set, such as a CALL, fails"},
        {"idle_interval", CF_NUMBER, OFFSET(idle_interval), 1, DAY, "60",
                "seconds after which an unused connection is closed"},
        {"retry_interval", CF_NUMBER, OFFSET(retry_interval), 1, DAY, "60",
                "seconds for which a host that fails is left alone, if there "
                "are others"},
        {"option_file", TEXT(login.option_file),
                .summary = "a my.cnf with more options; by default those that "
                           "the library looks for"},
        {"option_group", TEXT(login.option_group), .fallback = "client",
                .summary = "the groups to read there: [client], and this one; "
                           "with neither file nor group none is read"},
        {"tls_cert_file", TEXT(login.tls_cert_file),
                .summary = "the certificate to log in with"},
        {"tls_key_file", TEXT(login.tls_key_file),
                .summary = "its private key"},
        {"tls_CAfile", TEXT(login.tls_CAfile),
                .summary = "a file with the certificates that sign servers'"},
        {"tls_CApath", TEXT(login.tls_CApath),
                .summary = "a directory with these"},
        {"tls_ciphers", TEXT(login.tls_ciphers),
                .summary = "the ciphers that may be used"},
        {"tls_verify_cert", CF_BOOL, OFFSET(login.tls_verify_cert),
                .fallback = "no",
                .summary = "whether the server's certificate has to be valid "
                           "and have the host's name"},
        SQL_CONFIG_PARTS,
        {.name = NULL},
};

/* What the threads use: it lives until the last of them has ended. */
struct database {
        struct mysql_source source;
        uint64_t idle_interval;
        const struct table_file *files;
        size_t file_count;
        struct arena arena;
};

struct mysql {
        struct table table;
        struct database *database; /* the workers' */
        struct workers *workers;
};

static void free_database(void *ctx)
{
        struct database *database = ctx;

        db_common_close(database->source.query.common);
        shared_hosts_fini(&database->source.hosts);
        arena_fini(&database->arena);
        free(database);
}

static void *begin(void *ctx, struct reason *ret_reason)
{
        struct database *database = ctx;

        return mysql_connection_new(&database->source, ret_reason);
}

static void end(void *state)
{
        mysql_connection_free(state);
}

static void run(void *ctx, void *state, struct lookup *lookup)
{
        (void)ctx;
        mysql_connection_ask(state, lookup);
}

static const struct workers_type workers_type = {
        .begin = begin,
        .end = end,
        .run = run,
        .free = free_database,
};

static int read_hosts(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct database *database,
        struct reason *ret_reason)
{
        struct hosts *hosts = &database->source.hosts.hosts;
        struct reason why;
        int r = hosts_parse(span_of(values->hosts),
                values->retry_interval * 1000, &database->arena, hosts, &why);

        for (size_t i = 0; r == 0 && i < hosts->count; i++)
                r = mysql_login_check(&hosts->list[i], &why);
        if (r < 0)
                return cf_refuse(cf, r, why.text, ret_reason);
        if (hosts_belong(hosts, env, "mysql", cf->arena) < 0)
                return cf_refuse_memory(cf->file, ret_reason);
        return 0;
}

static int read_query(const struct table_env *env, const struct cf *cf,
        struct options *values, struct database *database,
        struct reason *ret_reason)
{
        struct mysql_query *query = &database->source.query;
        int r = sql_config_query(cf, &values->sql, ret_reason);

        if (r == 0)
                r = sql_config_read(env, cf, &values->sql, SQL_MYSQL,
                        &database->arena, &query->sql, &query->common,
                        ret_reason);
        if (r < 0)
                return r;
        query->requires_result = values->requires_result;
        mysql_query_init(query);
        return 0;
}

/* What the library cannot read it tells late, or passes over. */
static void warn_of_files(const struct cf *cf, const struct mysql_login *login)
{
        cf_files_look(cf, "option_file", login->option_file, CF_FILE_TEXT);
        cf_files_look(cf, "tls_cert_file", login->tls_cert_file, CF_FILE_PEM);
        cf_files_look(cf, "tls_key_file", login->tls_key_file, CF_FILE_PEM);
        cf_files_look(cf, "tls_CAfile", login->tls_CAfile, CF_FILE_PEM);
        cf_files_look(cf, "tls_CApath", login->tls_CApath, CF_FILE_DIRECTORY);
}

/* Reads all that the file says. The server is not asked before the first
 * lookup. */
static int read_all(const struct table_env *env, const char *file,
        struct database *database, struct reason *ret_reason)
{
        struct cf cf = {.file = file,
                .options = options,
                .arena = &database->arena,
                .report = env->report,
                .is_of_postfix = true};
        struct options values;
        int r = cf_load(&cf, &values, ret_reason);

        if (r < 0)
                return r;
        if (values.login.dbname == NULL)
                return cf_refuse(
                        &cf, -EBADMSG, "dbname is missing", ret_reason);
        database->source.login = values.login;
        database->idle_interval = values.idle_interval * 1000;
        warn_of_files(&cf, &values.login);
        r = read_hosts(env, &cf, &values, database, ret_reason);
        if (r == 0)
                r = read_query(env, &cf, &values, database, ret_reason);
        return r;
}

static struct database *open_database(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct database *database = calloc(1, sizeof(*database));
        struct file_state state;
        int r;

        if (database == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        arena_init(&database->arena, NULL, 0, SIZE_MAX);
        shared_hosts_init(&database->source.hosts);
        r = file_state_get(file, &state);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        if (r == 0)
                r = read_all(env, file, database, ret_reason);
        if (r == 0)
                r = sql_config_files(file, &state,
                        database->source.query.common, &database->arena,
                        &database->files, &database->file_count, ret_reason);
        if (r == 0)
                return database;
        free_database(database);
        return NULL;
}

static int check_mysql(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("mysql", argument, ret_reason);
}

static struct table *open_mysql(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct mysql *mysql;
        struct database *database;

        if (check_mysql(argument, ret_reason) < 0)
                return NULL;
        database = open_database(env, argument, ret_reason);
        if (database == NULL)
                return NULL;
        mysql = calloc(1, sizeof(*mysql));
        if (mysql == NULL)
                goto fail;
        mysql->workers = workers_new(env, &workers_type, database);
        if (mysql->workers == NULL)
                goto fail;
        workers_end_idle(mysql->workers, database->idle_interval);
        mysql->database = database;
        mysql->table = (struct table){
                .type = &table_type_mysql,
                .files = database->files,
                .file_count = database->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &mysql->table;

fail:
        free(mysql);
        free_database(database);
        reason_set_errno(ret_reason, -ENOMEM, "%s", argument);
        return NULL;
}

/* What is not asked for needs no thread. */
static enum progress start(struct table *table, struct lookup *lookup)
{
        struct mysql *mysql = (struct mysql *)table;
        struct mysql_source *source = &mysql->database->source;
        int r = db_common_allows(source->query.common, lookup, lookup->key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        return shared_hosts_start(&source->hosts, mysql->workers, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct mysql *)table)->workers, lookup);
}

static void close_mysql(struct table *table)
{
        struct mysql *mysql = (struct mysql *)table;

        workers_close(mysql->workers);
        free(mysql);
}

const struct table_type table_type_mysql = {
        .name = "mysql",
        .summary = "what a query gives that MySQL or MariaDB is asked",
        .argument = "FILE.cf",
        .manual =
                "The columns of all rows that a query of a database of MySQL\n"
                "or MariaDB gives, joined by commas.\n"
                "Columns without a value, or with an empty one, are skipped;\n"
                "a key is not found when there are no others.\n"
                ".Ar FILE.cf\n"
                "is that of\n"
                ".Xr mysql_table 5 .\n"
                ".Pp\n"
                "A string in the query that has a part of the key, such as\n"
                ".Li '%u@%d' ,\n"
                "becomes one parameter of a statement, which is prepared once\n"
                "a connection.\n"
                "Where that cannot be done, the key is escaped by the\n"
                "server's rules, which is warned of; a key that could mean\n"
                "something there, as in names and outside of quotes, is\n"
                "answered TEMP.\n"
                "A query whose values are numbers with a fraction, dates or\n"
                "times is asked by its text, too, as these look otherwise\n"
                "there.\n"
                ".Pp\n"
                "Lookups run on threads, each with a connection.\n"
                "The\n"
                ".Cm hosts\n"
                "are tried in random order, those on unix sockets first;\n"
                ".Li localhost\n"
                "is the unix socket that the library knows.\n"
                "A host that fails rests for\n"
                ".Cm retry_interval\n"
                "seconds, unless all of them have failed: then lookups are\n"
                "TEMP, and each host is tried once a second.\n"
                "A lookup that another host might answer better, as its own\n"
                "is slow or ends, is asked once more; what a server finds\n"
                "wrong with a query is TEMP at once.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = mysql:/etc/postfix/aliases.cf\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map aliases]\n"
                "table = mysql:/etc/postfix/aliases.cf\n"
                "search = virtual\n"
                ".Ed\n",
        .options = options,
        .check = check_mysql,
        .open = open_mysql,
        .start = start,
        .cancel = cancel,
        .close = close_mysql,
};
