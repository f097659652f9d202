/* SPDX-License-Identifier: MIT */
/*
 * sqlite:FILE.cf - what a query of an SQLite database gives, as
 * sqlite_table(5) says.
 */
#include "tables/support/path.h"
#include "tables/support/sql_config.h"
#include "tables/support/sqlite_connection.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_sqlite;

struct options {
        struct sql_config sql; /* first */
        const char *dbpath;
};

static const struct cf_option options[] = {
        {"dbpath", CF_TEXT, offsetof(struct options, dbpath), 1, SIZE_MAX,
                .summary = "the database's file"},
        SQL_CONFIG_OPTIONS,
        SQL_CONFIG_PARTS,
        {.name = NULL},
};

/* What the threads use: it lives until the last of them has ended. */
struct database {
        struct sqlite_source source;
        struct table_file *files;
        size_t file_count;
        struct arena arena;
};

struct sqlite {
        struct table table;
        struct database *database; /* the workers' */
        struct workers *workers;
};

static void free_database(void *ctx)
{
        struct database *database = ctx;

        db_common_close(database->source.common);
        arena_fini(&database->arena);
        free(database);
}

static void *begin(void *ctx, struct reason *ret_reason)
{
        const struct database *database = ctx;

        return sqlite_connect(&database->source, ret_reason);
}

static void end(void *state)
{
        sqlite_disconnect(state);
}

static void run(void *ctx, void *state, struct lookup *lookup)
{
        (void)ctx;
        sqlite_ask(state, lookup);
}

static void rest(void *state)
{
        sqlite_rest(state);
}

static const struct workers_type workers_type = {
        .begin = begin,
        .end = end,
        .run = run,
        .rest = rest,
        .free = free_database,
};

static int read_options(const struct table_env *env, const char *file,
        struct arena *arena, struct options *ret_values,
        struct reason *ret_reason)
{
        int r = cf_read(
                file, options, arena, env->report, ret_values, ret_reason);

        if (r < 0)
                return r;
        if (ret_values->dbpath == NULL)
                return sql_config_refuse(
                        file, -EBADMSG, "dbpath is missing", ret_reason);
        if (ret_values->dbpath[0] != '/')
                return sql_config_refuse(file, -EBADMSG,
                        "dbpath: write the absolute path of the database",
                        ret_reason);
        return sql_config_query(file, &ret_values->sql, arena, ret_reason);
}

static int read_query(const struct table_env *env, const char *file,
        const struct options *values, struct database *database,
        struct reason *ret_reason)
{
        struct sqlite_source *source = &database->source;
        struct place place = {.file = file};
        int r = sql_config_read(env, file, &values->sql, SQL_SQLITE,
                &database->arena, &source->query, &source->common, ret_reason);

        source->path = values->dbpath;
        if (r == 0 && source->query.is_several)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: only the first of the statements counts");
        return r;
}

/*
 * What can't be asked now is better told before it is asked. It is no reason to
 * open no table: a key that makes no query is absent all the same.
 */
static int try_database(const struct table_env *env, const char *file,
        const struct database *database, struct reason *ret_reason)
{
        struct reason why;
        struct sqlite_connection *connection =
                sqlite_connect(&database->source, &why);

        if (connection == NULL && why.code == -EROFS)
                return sql_config_refuse(file, why.code, why.text, ret_reason);
        if (connection == NULL)
                report_at(env->report, SEVERITY_WARNING, NULL, "%s: %s", file,
                        why.text);
        sqlite_disconnect(connection);
        return 0;
}

static struct database *open_database(const struct table_env *env,
        const char *file, struct reason *ret_reason)
{
        struct database *database = calloc(1, sizeof(*database));
        struct options values;
        struct file_state state;
        int r;

        if (database == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        arena_init(&database->arena, NULL, 0, SIZE_MAX);
        r = file_state_get(file, &state);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        if (r == 0)
                r = read_options(
                        env, file, &database->arena, &values, ret_reason);
        if (r == 0)
                r = read_query(env, file, &values, database, ret_reason);
        /* The database changes all the time, and tells so itself. */
        if (r == 0)
                r = sql_config_files(file, &state, database->source.common,
                        &database->arena, &database->files,
                        &database->file_count, ret_reason);
        if (r == 0)
                r = try_database(env, file, database, ret_reason);
        if (r == 0)
                return database;
        free_database(database);
        return NULL;
}

static int check_sqlite(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("sqlite", argument, ret_reason);
}

static struct table *open_sqlite(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct sqlite *sqlite;
        struct database *database;

        if (check_sqlite(argument, ret_reason) < 0)
                return NULL;
        database = open_database(env, argument, ret_reason);
        if (database == NULL)
                return NULL;
        sqlite = calloc(1, sizeof(*sqlite));
        if (sqlite == NULL)
                goto fail;
        sqlite->workers = workers_new(env, &workers_type, database);
        if (sqlite->workers == NULL)
                goto fail;
        sqlite->database = database;
        sqlite->table = (struct table){
                .type = &table_type_sqlite,
                .files = database->files,
                .file_count = database->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &sqlite->table;

fail:
        free(sqlite);
        free_database(database);
        reason_set_errno(ret_reason, -ENOMEM, "%s", argument);
        return NULL;
}

/* What is not asked for needs no thread. */
static enum progress start(struct table *table, struct lookup *lookup)
{
        struct sqlite *sqlite = (struct sqlite *)table;
        const struct sqlite_source *source = &sqlite->database->source;
        int r = db_common_allows(source->common, lookup, lookup->key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        if (source->query.text != NULL)
                lookup_trace(lookup, "query: %s", source->query.text);
        return workers_start(sqlite->workers, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct sqlite *)table)->workers, lookup);
}

static void close_sqlite(struct table *table)
{
        struct sqlite *sqlite = (struct sqlite *)table;

        workers_close(sqlite->workers);
        free(sqlite);
}

const struct table_type table_type_sqlite = {
        .name = "sqlite",
        .summary = "what a query of an SQLite database gives",
        .argument = "FILE.cf",
        .manual =
                "The first column of each row that a query of an SQLite\n"
                "database gives, joined by commas.\n"
                "Rows without a value, or with an empty one, are skipped; a\n"
                "key is not found when there are no others.\n"
                ".Ar FILE.cf\n"
                "is that of\n"
                ".Xr sqlite_table 5 .\n"
                ".Pp\n"
                "The query is prepared once: a string in it that has a part of\n"
                "the key, such as\n"
                ".Li '%u@%d' ,\n"
                "becomes one parameter.\n"
                "Where that cannot be done, the key is escaped, which is\n"
                "warned of; a key that could mean something there, as in\n"
                "names in double quotes and outside of quotes, is answered\n"
                "TEMP.\n"
                "Of several statements only the first one counts.\n"
                ".Pp\n"
                "The database is only read, and never made.\n"
                "Changes in it are seen at once, and so is another file in its\n"
                "place.\n"
                "A lookup waits for those who write until its deadline.\n"
                "A database in WAL mode needs a directory that\n"
                ".Xr socketmapd 8\n"
                "may write to.\n"
                "SQLite has no checksums: where a damaged file can be read\n"
                "still, a damaged entry may be found as it is, or not be\n"
                "found.\n"
                "Lookups run on threads, each with a connection.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = sqlite:/etc/postfix/aliases.cf\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map aliases]\n"
                "table = sqlite:/etc/postfix/aliases.cf\n"
                "search = virtual\n"
                ".Ed\n",
        .options = options,
        .check = check_sqlite,
        .open = open_sqlite,
        .start = start,
        .cancel = cancel,
        .close = close_sqlite,
};
