/* SPDX-License-Identifier: MIT */
/* redis:FILE.cf - what a command gives that a server of Redis is asked. */
#include "base/cf.h"
#include "tables/redis/pool.h"
#include "tables/support/cf_files.h"
#include "tables/support/path.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_redis;

struct options {
        const char *hosts, *user, *password;
        uint64_t database;
        const char *sentinels, *master_name;
        const char *sentinel_user, *sentinel_password;
        const char *command, *result_format, *domain;
        uint64_t expansion_limit;
        uint64_t connections, idle_interval, retry_interval;
};

#define TEXT(member) .type = CF_TEXT, .offset = offsetof(struct options, member)
#define SECRET(member) \
        .type = CF_SECRET, .offset = offsetof(struct options, member)
#define SIZE(from) .least = (from), .most = SIZE_MAX
#define NUMBER(member) CF_NUMBER, offsetof(struct options, member)
#define DAY 86400
#define HOSTS "localhost:6379"

static const struct cf_option options[] = {
        {"hosts", TEXT(hosts), SIZE(1),
                .summary = "the servers, any of which will do; "
                           "without it " HOSTS},
        {"user", TEXT(user), SIZE(1), .summary = "who logs in"},
        {"password", SECRET(password), SIZE(1),
                .summary = "the password of the user, or of the server"},
        {"database", NUMBER(database), 0, INT32_MAX, "0",
                "the database's number"},
        {"sentinels", TEXT(sentinels), SIZE(1),
                .summary = "in place of hosts: who knows where the master is"},
        {"master_name", TEXT(master_name), SIZE(1),
                .summary = "what the sentinels call the master"},
        {"sentinel_user", TEXT(sentinel_user), SIZE(1),
                .summary = "who logs in to a sentinel"},
        {"sentinel_password", SECRET(sentinel_password), SIZE(1),
                .summary = "the password for a sentinel"},
        {"command", TEXT(command), SIZE(1),
                .summary = "the command; %s and the like stand for the key"},
        {"result_format", TEXT(result_format), SIZE(1), .fallback = "%s",
                .summary = "what to make of each value"},
        {"domain", TEXT(domain), SIZE(0),
                .summary = "only addresses in these domains are looked up"},
        {"expansion_limit", NUMBER(expansion_limit), 0, INT32_MAX, "0",
                "how many values a key may have; 0 is for any number"},
        {"connections", NUMBER(connections), 1, 100, "2",
                "how many connections there may be"},
        {"idle_interval", NUMBER(idle_interval), 1, DAY, "60",
                "seconds after which an unused connection is closed"},
        {"retry_interval", NUMBER(retry_interval), 1, DAY, "60",
                "seconds for which a host that fails is left alone, if there "
                "are others"},
        {.name = NULL},
};

struct redis {
        struct table table;
        struct redis_query query;
        struct redis_login login;
        struct redis_pool *pool;
        struct arena arena;
};

/* Returns what is wrong among the options that go together, or NULL. */
static const char *find_conflict(const struct options *values)
{
        if (values->command == NULL)
                return "command is missing";
        if (values->hosts != NULL && values->sentinels != NULL)
                return "sentinels: not together with hosts";
        if (values->sentinels != NULL && values->master_name == NULL)
                return "sentinels: without a master_name";
        if (values->sentinels == NULL && values->master_name != NULL)
                return "master_name: without sentinels";
        if (values->user != NULL && values->password == NULL)
                return "user: without a password";
        if (values->sentinel_user != NULL && values->sentinel_password == NULL)
                return "sentinel_user: without a sentinel_password";
        return NULL;
}

/* Sentinels are hosts, too, but not of this option. */
static int refuse_hosts(const struct cf *cf, const struct options *values,
        const struct reason *why, struct reason *ret_reason)
{
        const char *what = why->text + strcspn(why->text, ":");
        struct reason text;

        reason_set(&text, "%s%s",
                values->sentinels != NULL ? "sentinels" : "hosts", what);
        return cf_refuse(cf, why->code, text.text, ret_reason);
}

static int read_hosts(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct hosts *ret_hosts,
        struct reason *ret_reason)
{
        const char *text = values->hosts != NULL ? values->hosts : HOSTS;
        struct address address;
        struct reason why;
        int r;

        if (values->sentinels != NULL)
                text = values->sentinels;
        r = hosts_parse(span_of(text), values->retry_interval * 1000, cf->arena,
                ret_hosts, &why);
        for (size_t i = 0; r == 0 && i < ret_hosts->count; i++)
                r = redis_login_address(
                        &ret_hosts->list[i], "0", &address, &why);
        if (r < 0)
                return refuse_hosts(cf, values, &why, ret_reason);
        if (hosts_belong(ret_hosts, env, "redis", cf->arena) < 0)
                return cf_refuse_memory(cf->file, ret_reason);
        return 0;
}

static int read_login(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct redis *redis,
        struct reason *ret_reason)
{
        struct redis_login *login = &redis->login;

        login->user = values->user;
        login->password = values->password;
        login->database = values->database;
        login->master_name = values->master_name;
        login->sentinel_user = values->sentinel_user;
        login->sentinel_password = values->sentinel_password;
        return read_hosts(env, cf, values, &login->hosts, ret_reason);
}

/* The command is parsed twice: as a whole, for what it needs of a key. */
static int read_query(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct redis *redis,
        struct reason *ret_reason)
{
        const struct db_common_options common = {
                .query = values->command,
                .query_name = "command",
                .result_format = values->result_format,
                .domain = values->domain,
                .expansion_limit = values->expansion_limit,
        };
        struct reason why;
        int r = redis_command_parse(span_of(values->command), &redis->arena,
                &redis->query.command, &why);

        if (r < 0)
                return cf_refuse(cf, r, why.text, ret_reason);
        redis->query.common = db_common_open(env, &common, &why);
        if (redis->query.common == NULL)
                return cf_refuse(cf, why.code, why.text, ret_reason);
        return 0;
}

static int read_options(
        struct cf *cf, struct options *ret_values, struct reason *ret_reason)
{
        const char *conflict;
        int r = cf_load(cf, ret_values, ret_reason);

        if (r < 0)
                return r;
        conflict = find_conflict(ret_values);
        return conflict != NULL ? cf_refuse(cf, -EBADMSG, conflict, ret_reason)
                                : 0;
}

/* Reads all that the file says. The server is not asked before the first
 * lookup. */
static int read_all(const struct table_env *env, const char *file,
        struct redis *redis, struct options *values, struct reason *ret_reason)
{
        struct cf cf = {.file = file,
                .options = options,
                .arena = &redis->arena,
                .report = env->report};
        const struct table_file *more;
        struct file_state state;
        size_t count;
        int r = file_state_get(file, &state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", file);
                return r;
        }
        r = read_options(&cf, values, ret_reason);
        if (r == 0)
                r = read_login(env, &cf, values, redis, ret_reason);
        if (r == 0)
                r = read_query(env, &cf, values, redis, ret_reason);
        if (r < 0)
                return r;
        more = db_common_files(redis->query.common, &count);
        if (cf_files_note(file, &state, more, count, &redis->arena,
                    &redis->table.files, &redis->table.file_count) < 0)
                return cf_refuse_memory(file, ret_reason);
        return 0;
}

static int check_redis(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("redis", argument, ret_reason);
}

static void close_redis(struct table *table)
{
        struct redis *redis = (struct redis *)table;

        redis_pool_close(redis->pool);
        db_common_close(redis->query.common);
        arena_fini(&redis->arena);
        free(redis);
}

static struct table *open_redis(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct options values;
        struct redis *redis;

        if (check_redis(argument, ret_reason) < 0)
                return NULL;
        cf_refuse_memory(argument, ret_reason);
        redis = calloc(1, sizeof(*redis));
        if (redis == NULL)
                return NULL;
        arena_init(&redis->arena, NULL, 0, SIZE_MAX);
        redis->table.type = &table_type_redis;
        redis->table.entries = SIZE_MAX;
        redis->table.pends = true;
        if (read_all(env, argument, redis, &values, ret_reason) < 0)
                goto fail;
        redis->pool = redis_pool_new(env, &redis->login, &redis->query,
                values.connections, values.idle_interval * 1000);
        if (redis->pool != NULL)
                return &redis->table;
        cf_refuse_memory(argument, ret_reason);

fail:
        close_redis(&redis->table);
        return NULL;
}

static enum progress start(struct table *table, struct lookup *lookup)
{
        struct redis *redis = (struct redis *)table;
        int r = db_common_allows(redis->query.common, lookup, lookup->key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        if (lookup->finish != NULL) /* not a canary */
                hosts_watch(&redis->login.hosts);
        return redis_pool_start(redis->pool, lookup);
}

static void cancel(struct table *table, struct lookup *lookup)
{
        redis_pool_cancel(((struct redis *)table)->pool, lookup);
}

static const char manual[] =
        "What a server of Redis, or of anything that speaks its protocol,\n"
        "replies to a command with the key in it, as in\n"
        ".Bd -literal -offset indent\n"
        "hosts = unix:/run/redis/redis.sock\n"
        "command = GET virtual:%s\n"
        ".Ed\n"
        ".Pp\n"
        "The\n"
        ".Cm command\n"
        "is split at blanks before anything stands for the key, and there are\n"
        "no quotes: whatever is in a key, it stays in its argument.\n"
        "Any command will do that does nothing but read.\n"
        "Nothing is found where the reply is nil.\n"
        "The values of a list are joined by commas, and of HGETALL those of\n"
        "the fields without their names; nil and empty ones are skipped.\n"
        "An error is a failure.\n"
        "A number is a value: EXISTS and SISMEMBER find 0.\n"
        ".Pp\n"
        "The\n"
        ".Cm hosts\n"
        "are\n"
        ".Ar host Ns Cm \\&: Ns Ar port\n"
        "or\n"
        ".Cm unix Ns Cm \\&: Ns Ar path .\n"
        "They are tried in random order, those on unix sockets first.\n"
        "A host that fails, is loading its data, or refuses the password or\n"
        "the database, rests for\n"
        ".Cm retry_interval\n"
        "seconds, unless all of them have failed: then lookups are TEMP with\n"
        "the reason, and each host is tried once a second.\n"
        "In place of hosts there may be\n"
        ".Cm sentinels ,\n"
        "which are asked for the master of the name\n"
        ".Cm master_name\n"
        "whenever a connection is made.\n"
        ".Pp\n"
        "Lookups that come at the same time are sent together, over up to\n"
        ".Cm connections\n"
        "connections, without waiting for the replies to others.\n"
        "There is no TLS.\n"
        ".Pp\n"
        "Postfix has no such tables.\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = socketmap:inet:localhost:10028:virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = redis:/etc/postfix/virtual.cf\n"
        "search = virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In FILE.cf:\n"
        ".Bd -literal -offset indent\n"
        "hosts = localhost:6379\n"
        "command = GET virtual:%s\n"
        ".Ed\n";

const struct table_type table_type_redis = {
        .name = "redis",
        .summary = "what a server of Redis replies to a command",
        .argument = "FILE.cf",
        .manual = manual,
        .options = options,
        .check = check_redis,
        .open = open_redis,
        .start = start,
        .cancel = cancel,
        .close = close_redis,
};
