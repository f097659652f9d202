/* SPDX-License-Identifier: MIT */
#include "tables/bdb/table.h"
#include "tables/bdb/file.h"
#include "tables/support/dict.h"
#include "tables/support/indexed.h"
#include "tables/support/nul_form.h"
#include <errno.h>
#include <stdlib.h>

struct bdb {
        struct table table;
        struct indexed indexed;
        struct dict dict;
};

/* Of a key in both forms Postfix finds the one with a NUL. */
static int add(void *ctx, struct span key, struct span value)
{
        struct bdb *bdb = ctx;
        bool is_with = nul_form_cut(&key, &value);
        int r = dict_add(&bdb->dict, key, value,
                is_with ? DICT_LAST_WINS : DICT_FIRST_WINS);

        return r < 0 ? r : 0;
}

/* Reads the file, which is locked, and is to be the same all the while. */
static int load(struct bdb *bdb, struct reason *ret_reason)
{
        const char *path = bdb->indexed.path, *kind = bdb->table.type->name;
        struct file_state after;
        int r;

        r = file_state_get(path, &bdb->indexed.file.state);
        if (r < 0)
                goto fail;
        r = bdb_probe(path, kind, ret_reason);
        if (r < 0)
                return r;
        r = bdb_read(path, kind, add, bdb, ret_reason);
        if (r < 0)
                return r;
        bdb->table.entries = bdb->dict.count;
        r = file_state_get(path, &after);
        if (r == 0 && !file_state_is_same(&bdb->indexed.file.state, &after))
                r = -EAGAIN;
        if (r == 0)
                return 0;
fail:
        reason_set_errno(ret_reason, r, "%s", path);
        return r;
}

static int open_bdb(struct bdb *bdb, const struct table_env *env,
        const char *name, struct reason *ret_reason)
{
        int r = indexed_open(
                &bdb->indexed, &bdb->table, env, name, "db", ret_reason);

        if (r < 0)
                return r;
        r = bdb_lock(bdb->indexed.fd);
        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s: lock", bdb->indexed.path);
                return r;
        }
        r = load(bdb, ret_reason);
        indexed_close_file(&bdb->indexed);
        return r;
}

struct table *bdb_open(const struct table_env *env,
        const struct table_type *type, const char *name,
        struct reason *ret_reason)
{
        struct bdb *bdb = calloc(1, sizeof(*bdb));
        int r = -ENOMEM;

        if (bdb != NULL)
                r = dict_init(&bdb->dict);
        if (r < 0) {
                reason_set_errno(ret_reason, r, "%s", type->name);
                free(bdb);
                return NULL;
        }
        bdb->table.type = type;
        if (open_bdb(bdb, env, name, ret_reason) == 0)
                return &bdb->table;
        bdb_close(&bdb->table);
        return NULL;
}

enum progress bdb_start(struct table *table, struct lookup *lookup)
{
        const struct bdb *bdb = (const struct bdb *)table;
        struct span value;

        if (!dict_find(&bdb->dict, lookup->key, &value))
                return lookup_absent(lookup);
        return lookup_found(lookup, value);
}

void bdb_close(struct table *table)
{
        struct bdb *bdb = (struct bdb *)table;

        indexed_close(&bdb->indexed);
        dict_fini(&bdb->dict);
        free(bdb);
}
