/* SPDX-License-Identifier: MIT */
/*
 * sqlite:FILE.cf - what a query of an SQLite database gives, as
 * sqlite_table(5) says.
 *
 * A lookup by an index takes less time than two switches between threads: it
 * is tried at once, for some thousand steps and without waiting for any lock.
 * What fails, it does on a thread.
 */
#include "base/events.h"
#include "tables/sqlite/config.h"
#include "tables/support/path.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_sqlite;

/* Milliseconds. */
#define QUICK_TIME 2   /* what takes as long is not quick any more */
#define SLOW_TIME 1000 /* how long lookups are for threads then */

/* How many have to be slow one after the other: this thread may have lost its
 * CPU to others for some time. */
#define SLOW_COUNT 3

/* What lookups are tried with, on the thread that asks. */
struct quick {
        struct post turn_end;  /* first: deferred while it `is_told` */
        struct events *events; /* NULL: nobody asks without waiting */
        struct sqlite_connection *connection;
        unsigned slow;       /* lookups, the last ones */
        uint64_t slow_until; /* until then nothing is tried */
        bool is_told;
};

struct sqlite {
        struct table table;
        struct sqlite_config *config; /* the workers' */
        struct quick quick;
        struct workers *workers;
};

static void free_config(void *ctx)
{
        sqlite_config_close(ctx);
}

static void *begin(void *ctx, struct reason *ret_reason)
{
        const struct sqlite_config *config = ctx;
        struct sqlite_connection *connection =
                sqlite_connection_new(&config->source);

        if (connection == NULL)
                reason_set_errno(ret_reason, -ENOMEM, "a connection");
        return connection;
}

static void end(void *state)
{
        sqlite_connection_free(state);
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
        .free = free_config,
};

static void end_turn(struct post *post)
{
        struct quick *quick = (struct quick *)post;

        quick->is_told = false;
        sqlite_rest(quick->connection);
}

/*
 * What can't be asked now is better told before it is asked. It is no reason to
 * open no table: a key that makes no query is absent all the same.
 */
static int try_database(const struct table_env *env, const char *file,
        struct sqlite_connection *connection, struct reason *ret_reason)
{
        struct reason why;
        int r = sqlite_connect(connection, &why);

        if (r == -EROFS) {
                reason_set(ret_reason, "%s: %s", file, why.text);
                ret_reason->code = r;
                return r;
        }
        if (r < 0)
                report_at(env->report, SEVERITY_WARNING, NULL, "%s: %s", file,
                        why.text);
        return 0;
}

static int check_sqlite(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("sqlite", argument, ret_reason);
}

static struct table *open_sqlite(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct sqlite_config *config;
        struct sqlite *sqlite;

        if (check_sqlite(argument, ret_reason) < 0)
                return NULL;
        config = sqlite_config_open(env, argument, ret_reason);
        if (config == NULL)
                return NULL;
        sqlite = calloc(1, sizeof(*sqlite));
        if (sqlite == NULL)
                goto no_memory;
        sqlite->quick = (struct quick){
                .turn_end.run = end_turn,
                .events = env->events,
                .connection = sqlite_connection_new(&config->source),
        };
        if (sqlite->quick.connection == NULL)
                goto no_memory;
        if (try_database(env, argument, sqlite->quick.connection, ret_reason) <
                0)
                goto fail;
        sqlite->workers = workers_new(env, &workers_type, config);
        if (sqlite->workers == NULL)
                goto no_memory;
        sqlite->config = config;
        sqlite->table = (struct table){
                .type = &table_type_sqlite,
                .files = config->files,
                .file_count = config->file_count,
                .entries = SIZE_MAX,
                .pends = true,
        };
        return &sqlite->table;

no_memory:
        reason_set_errno(ret_reason, -ENOMEM, "%s", argument);
fail:
        if (sqlite != NULL)
                sqlite_connection_free(sqlite->quick.connection);
        free(sqlite);
        sqlite_config_close(config);
        return NULL;
}

/* Whether what was tried tells that the next lookups are better not. */
static bool is_slow(struct quick *quick, bool is_answered, uint64_t time)
{
        quick->slow = time >= QUICK_TIME ? quick->slow + 1 : 0;
        return !is_answered || quick->slow >= SLOW_COUNT;
}

/* Returns whether the lookup is answered. */
static bool try_at_once(struct quick *quick, struct lookup *lookup)
{
        const uint64_t deadline = lookup->deadline, begun = events_now();
        bool is_answered;

        if (begun < quick->slow_until)
                return false;
        lookup->deadline = 0;
        sqlite_ask(quick->connection, lookup);
        lookup->deadline = deadline;
        is_answered = lookup->answer != ANSWER_FAILED;
        if (!quick->is_told)
                events_defer(quick->events, &quick->turn_end);
        quick->is_told = true;
        if (is_slow(quick, is_answered, events_now() - begun))
                quick->slow_until = begun + SLOW_TIME;
        return is_answered;
}

static enum progress start(struct table *table, struct lookup *lookup)
{
        struct sqlite *sqlite = (struct sqlite *)table;
        const struct sqlite_source *source = &sqlite->config->source;
        int r = db_common_allows(source->common, lookup, lookup->key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        if (source->query.text != NULL)
                lookup_trace(lookup, "query: %s", source->query.text);
        if (lookup->finish != NULL && try_at_once(&sqlite->quick, lookup))
                return LOOKUP_DONE;
        lookup->answer = ANSWER_NONE;
        return workers_start(sqlite->workers, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        workers_cancel(((struct sqlite *)table)->workers, lookup);
}

static void close_sqlite(struct table *table)
{
        struct sqlite *sqlite = (struct sqlite *)table;

        if (sqlite->quick.is_told)
                events_undefer(sqlite->quick.events, &sqlite->quick.turn_end);
        sqlite_connection_free(sqlite->quick.connection);
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
                "A lookup that has to wait, or takes long, runs on a thread\n"
                "with a connection of its own.\n"
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
        .options = sqlite_config_options,
        .check = check_sqlite,
        .open = open_sqlite,
        .start = start,
        .cancel = cancel,
        .close = close_sqlite,
};
