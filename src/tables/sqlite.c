/* SPDX-License-Identifier: MIT */
/*
 * sqlite:FILE.cf - what a query of an SQLite database gives, as
 * sqlite_table(5) says.
 */
#include "base/cf.h"
#include "tables/support/path.h"
#include "tables/support/sqlite_connection.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct table_type table_type_sqlite;

struct options {
        const char *dbpath;
        const char *query, *result_format, *domain;
        uint64_t expansion_limit;
        /* What query is made of where there is none. */
        const char *select_field, *table, *where_field, *additional_conditions;
};

#define TEXT(member) .type = CF_TEXT, .offset = offsetof(struct options, member)
#define SIZE(from) .least = (from), .most = SIZE_MAX

static const struct cf_option options[] = {
        {"dbpath", TEXT(dbpath), SIZE(1), .summary = "the database's file"},
        {"query", TEXT(query), SIZE(1),
                .summary = "the statement; %s and the like stand for the key"},
        {"result_format", TEXT(result_format), SIZE(1), .fallback = "%s",
                .summary = "what to make of each value"},
        {"domain", TEXT(domain), SIZE(0),
                .summary = "only addresses in these domains are looked up"},
        {"expansion_limit", CF_NUMBER,
                offsetof(struct options, expansion_limit), 0, INT32_MAX, "0",
                "how many values a key may have; 0 is for any number"},
        {"select_field", TEXT(select_field), SIZE(1),
                .summary = "without a query: the column of the values"},
        {"table", TEXT(table), SIZE(1),
                .summary = "without a query: the table"},
        {"where_field", TEXT(where_field), SIZE(1),
                .summary = "without a query: the column of the keys"},
        {"additional_conditions", TEXT(additional_conditions), SIZE(0),
                .fallback = "",
                .summary = "without a query: what to append to it"},
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

/* What is wrong in the file is not wrong in the table's argument. */
static int refuse(
        const char *file, int code, const char *text, struct reason *ret_reason)
{
        reason_set(ret_reason, "%s: %s", file, text);
        ret_reason->code = code == -EINVAL ? -EBADMSG : code;
        return ret_reason->code;
}

static int refuse_memory(const char *file, struct reason *ret_reason)
{
        reason_set_errno(ret_reason, -ENOMEM, "%s", file);
        return -ENOMEM;
}

/* Makes a query of the options of old. Returns 0 or a negative errno. */
static int make_query(const char *file, struct options *values,
        struct arena *arena, struct reason *ret_reason)
{
        char *text;
        int size;

        if (values->query != NULL)
                return 0;
        if (values->select_field == NULL || values->table == NULL ||
                values->where_field == NULL)
                return refuse(file, -EBADMSG, "query is missing", ret_reason);
        size = asprintf(&text, "SELECT %s FROM %s WHERE %s='%%s' %s",
                values->select_field, values->table, values->where_field,
                values->additional_conditions);
        if (size < 0)
                return refuse_memory(file, ret_reason);
        values->query = arena_copy(arena, (struct span){text, (size_t)size});
        free(text);
        return values->query != NULL ? 0 : refuse_memory(file, ret_reason);
}

static int read_options(const struct table_env *env, const char *file,
        struct arena *arena, struct options *ret_values,
        struct reason *ret_reason)
{
        int r = cf_read(
                file, options, arena, env->report, ret_values, ret_reason);

        if (r < 0)
                return r;
        if (ret_values->dbpath == NULL)
                return refuse(file, -EBADMSG, "dbpath is missing", ret_reason);
        if (ret_values->dbpath[0] != '/')
                return refuse(file, -EBADMSG,
                        "dbpath: write the absolute path of the database",
                        ret_reason);
        return make_query(file, ret_values, arena, ret_reason);
}

static void warn(const struct table_env *env, const char *file,
        const struct sql_query *query)
{
        struct place place = {.file = file};

        if (query->obstacle != NULL)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: %s: its text is made anew for each key",
                        query->obstacle);
        if (query->is_several)
                report_at(env->report, SEVERITY_WARNING, &place,
                        "query: only the first of the statements counts");
}

static int read_query(const struct table_env *env, const char *file,
        const struct options *values, struct database *database,
        struct reason *ret_reason)
{
        const struct db_common_options common = {
                .query = values->query,
                .result_format = values->result_format,
                .domain = values->domain,
                .expansion_limit = values->expansion_limit,
        };
        struct sqlite_source *source = &database->source;
        struct reason why;
        int r;

        source->path = values->dbpath;
        source->common = db_common_open(env, &common, &why);
        if (source->common == NULL)
                return refuse(file, why.code, why.text, ret_reason);
        r = sql_parse(span_of(values->query), SQL_SQLITE, &database->arena,
                &source->query, &why);
        if (r < 0)
                return refuse(file, r, why.text, ret_reason);
        warn(env, file, &source->query);
        return 0;
}

/*
 * The file with the options, and those of the list of domains. The database
 * is not among them: it changes all the time, and tells so itself.
 */
static int note_files(const char *file, const struct file_state *state,
        struct database *database, struct reason *ret_reason)
{
        size_t count;
        const struct table_file *more =
                db_common_files(database->source.common, &count);
        struct table_file *files =
                arena_alloc(&database->arena, (count + 1) * sizeof(*files));

        if (files == NULL)
                return refuse_memory(file, ret_reason);
        files[0].state = *state;
        files[0].name = arena_copy(&database->arena, span_of(file));
        if (files[0].name == NULL)
                return refuse_memory(file, ret_reason);
        if (count > 0)
                memcpy(files + 1, more, count * sizeof(*files));
        database->files = files;
        database->file_count = count + 1;
        return 0;
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
                return refuse(file, why.code, why.text, ret_reason);
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
                refuse_memory(file, ret_reason);
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
        if (r == 0)
                r = note_files(file, &state, database, ret_reason);
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
        refuse_memory(argument, ret_reason);
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
