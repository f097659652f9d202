/* SPDX-License-Identifier: MIT */
/*
 * memcache:FILE.cf - what memcached has, or a table behind it, as
 * memcache_table(5) says.
 */
#include "base/cf.h"
#include "tables/memcache/ask.h"
#include "tables/support/cf_files.h"
#include "tables/support/db_common.h"
#include "tables/support/path.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_memcache;

struct options {
        const char *memcache, *backup, *key_format, *key_digest, *domain;
        uint64_t flags, ttl, data_size_limit, line_size_limit;
        uint64_t max_try, retry_pause, timeout;
        bool read_only;
};

#define TEXT(member) .type = CF_TEXT, .offset = offsetof(struct options, member)
#define SIZE(from) .least = (from), .most = SIZE_MAX
#define NUMBER(member) CF_NUMBER, offsetof(struct options, member)
#define DAY 86400
#define LINE_MAX_BYTES ((uint64_t)1024 * 1024)
#define DATA_MAX_BYTES ((uint64_t)64 * 1024 * 1024)

static const struct cf_option options[] = {
        {"memcache", TEXT(memcache), SIZE(1),
                .fallback = "inet:localhost:11211",
                .summary = "the server: inet:HOST:PORT or unix:PATH"},
        {"backup", TEXT(backup), SIZE(1),
                .summary = "a table that is asked for what the server lacks"},
        {"flags", NUMBER(flags), 0, INT32_MAX, "0", "flags of what is stored"},
        {"ttl", NUMBER(ttl), 0, INT32_MAX, "3600",
                "seconds that it is stored for"},
        {"key_format", TEXT(key_format), SIZE(1), .fallback = "%s",
                .summary = "the key to ask the server for"},
        {"key_digest", TEXT(key_digest), SIZE(0),
                .summary = "refused, unless it is empty: keys are asked for "
                           "as they are"},
        {"domain", TEXT(domain), SIZE(0),
                .summary = "only addresses in these domains are looked up"},
        {"data_size_limit", NUMBER(data_size_limit), 1, DATA_MAX_BYTES, "10240",
                "the largest value, in bytes"},
        {"line_size_limit", NUMBER(line_size_limit), 1, LINE_MAX_BYTES, "1024",
                "the longest line of a reply, in bytes"},
        {"max_try", NUMBER(max_try), 1, INT32_MAX, "2",
                "how often the server is asked for a key"},
        {"retry_pause", NUMBER(retry_pause), 1, DAY, "1",
                "seconds between two times, and for which a server that "
                "fails is left alone if there is a backup"},
        {"timeout", NUMBER(timeout), 0, DAY, "2",
                "seconds that the server may take; 0 is for any number"},
        {"read_only", CF_BOOL, offsetof(struct options, read_only),
                .fallback = "no",
                .summary = "whether nothing is stored that the backup has"},
        {.name = NULL},
};

struct memcache_table {
        struct table table;
        struct db_common *common;
        struct memcache memcache;
        struct arena arena;
};

static int read_server(const struct cf *cf, const struct options *values,
        struct memcache *memcache, struct reason *ret_reason)
{
        struct reason why, text;
        int r = address_parse(
                span_of(values->memcache), &memcache->server.address, &why);

        if (r < 0) {
                reason_set(&text, "memcache: %s", why.text);
                return cf_refuse(cf, r, text.text, ret_reason);
        }
        memcache->server.name = values->memcache;
        memcache->server.protocol = &memcache_protocol;
        memcache->server.ctx = &memcache->limits;
        memcache->limits.server = values->memcache;
        memcache->limits.line = values->line_size_limit;
        memcache->limits.data = values->data_size_limit;
        memcache->flags = values->flags;
        memcache->ttl = values->ttl;
        memcache->tries = values->max_try;
        memcache->pause = values->retry_pause * 1000;
        memcache->timeout =
                values->timeout > 0 ? values->timeout * 1000 : EXCHANGE_TIME;
        memcache->is_read_only = values->read_only;
        return 0;
}

/* Postfix 3.11 asks for a digest of the key, if it is told so. */
static int check_keys(const struct cf *cf, const struct options *values,
        struct reason *ret_reason)
{
        if (values->key_digest == NULL || *values->key_digest == '\0')
                return 0;
        return cf_refuse(cf, -EBADMSG,
                "key_digest: not supported: other keys would be asked for "
                "than by Postfix",
                ret_reason);
}

static int open_backup(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct memcache *memcache,
        struct reason *ret_reason)
{
        struct reason why, text;

        if (values->backup == NULL)
                return 0;
        memcache->backup = table_open(env, values->backup, &why);
        if (memcache->backup != NULL)
                return 0;
        reason_set(&text, "backup: %s", why.text);
        return cf_refuse(cf, why.code, text.text, ret_reason);
}

static int open_parts(const struct table_env *env, const struct cf *cf,
        const struct options *values, struct memcache_table *table,
        struct reason *ret_reason)
{
        const struct db_common_options common = {.query = values->key_format,
                .query_name = "key_format",
                .domain = values->domain};
        struct memcache *memcache = &table->memcache;
        struct reason why;

        table->common = db_common_open(env, &common, &why);
        if (table->common == NULL)
                return cf_refuse(cf, why.code, why.text, ret_reason);
        memcache->events = env->events;
        memcache->remote = remote_new(env, &memcache->server, NULL);
        if (memcache->remote == NULL)
                return cf_refuse_memory(cf->file, ret_reason);
        return open_backup(env, cf, values, memcache, ret_reason);
}

/* The file with the options, those of the list of domains, the backup's. */
static int note_files(const char *file, const struct file_state *state,
        struct memcache_table *table, struct reason *ret_reason)
{
        const struct table *backup = table->memcache.backup;
        size_t count, backup_count = backup != NULL ? backup->file_count : 0;
        const struct table_file *domains =
                db_common_files(table->common, &count);
        struct table_file *more = arena_alloc(
                &table->arena, (count + backup_count + 1) * sizeof(*more));

        if (more == NULL)
                return cf_refuse_memory(file, ret_reason);
        if (count > 0)
                memcpy(more, domains, count * sizeof(*more));
        if (backup_count > 0)
                memcpy(more + count, backup->files,
                        backup_count * sizeof(*more));
        if (cf_files_note(file, state, more, count + backup_count,
                    &table->arena, &table->table.files,
                    &table->table.file_count) < 0)
                return cf_refuse_memory(file, ret_reason);
        return 0;
}

static int read_all(const struct table_env *env, const char *file,
        struct memcache_table *table, struct reason *ret_reason)
{
        struct cf cf = {.file = file,
                .options = options,
                .arena = &table->arena,
                .report = env->report,
                .is_of_postfix = true};
        struct file_state state;
        struct options values;
        int r = file_state_get(file, &state);

        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", file);
                return r;
        }
        r = cf_load(&cf, &values, ret_reason);
        if (r == 0)
                r = check_keys(&cf, &values, ret_reason);
        if (r == 0)
                r = read_server(&cf, &values, &table->memcache, ret_reason);
        if (r == 0)
                r = open_parts(env, &cf, &values, table, ret_reason);
        if (r == 0)
                r = note_files(file, &state, table, ret_reason);
        return r;
}

static int check_memcache(const char *argument, struct reason *ret_reason)
{
        return path_check_cf("memcache", argument, ret_reason);
}

static void close_memcache(struct table *base)
{
        struct memcache_table *table = (struct memcache_table *)base;

        memcache_end_stores(&table->memcache);
        remote_close(table->memcache.remote);
        table_close(table->memcache.backup);
        db_common_close(table->common);
        arena_fini(&table->arena);
        free(table);
}

static struct table *open_memcache(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct memcache_table *table;

        if (check_memcache(argument, ret_reason) < 0)
                return NULL;
        table = calloc(1, sizeof(*table));
        if (table == NULL) {
                cf_refuse_memory(argument, ret_reason);
                return NULL;
        }
        arena_init(&table->arena, NULL, 0, SIZE_MAX);
        TAILQ_INIT(&table->memcache.stores);
        table->table.type = &table_type_memcache;
        table->table.entries = SIZE_MAX;
        table->table.pends = true;
        if (read_all(env, argument, table, ret_reason) == 0)
                return &table->table;
        close_memcache(&table->table);
        return NULL;
}

static enum progress start(struct table *base, struct lookup *lookup)
{
        struct memcache_table *table = (struct memcache_table *)base;
        struct span key = lookup->key;
        int r = db_common_query(table->common, lookup, &key);

        if (r < 0)
                return LOOKUP_DONE;
        if (r == 0)
                return lookup_absent(lookup);
        if (!memcache_key_is_good(key)) {
                lookup_trace(lookup, "memcache: a blank or NUL in the key: "
                                     "not asked");
                return lookup_absent(lookup);
        }
        if (key.size > MEMCACHE_KEY_MAX) {
                lookup_trace(lookup,
                        "memcache: %zu bytes are no key of the "
                        "server: not asked",
                        key.size);
                key.data = NULL;
        }
        return memcache_start(&table->memcache, lookup, key);
}

static void cancel(struct table *base, struct lookup *lookup)
{
        memcache_cancel(&((struct memcache_table *)base)->memcache, lookup);
}

static const char manual[] =
        "What a server of memcached has for a key, or else another table, the\n"
        ".Cm backup ,\n"
        "whose values are stored on the server for\n"
        ".Cm ttl\n"
        "seconds unless\n"
        ".Ql read_only = yes .\n"
        ".Ar FILE.cf\n"
        "is that of\n"
        ".Xr memcache_table 5 .\n"
        ".Pp\n"
        "A key with a blank or a NUL byte in it is not found.\n"
        "One that has more than 250 bytes as\n"
        ".Cm key_format\n"
        "makes it is not looked for on the server.\n"
        ".Pp\n"
        "If there is a\n"
        ".Cm backup ,\n"
        "a server that fails is no failure, and is asked once for a key, for\n"
        "half of the time that there is at most.\n"
        "If there is none, it is asked\n"
        ".Cm max_try\n"
        "times as long as there is time.\n"
        "Values are stored without making anybody wait for it.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = memcache:/etc/postfix/memcache.cf\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = memcache:/etc/postfix/memcache.cf\n"
        "search = virtual\n"
        ".Ed\n";

const struct table_type table_type_memcache = {
        .name = "memcache",
        .summary = "what memcached has, or a table behind it",
        .argument = "FILE.cf",
        .manual = manual,
        .options = options,
        .check = check_memcache,
        .open = open_memcache,
        .start = start,
        .cancel = cancel,
        .close = close_memcache,
};
