/* SPDX-License-Identifier: MIT */
/*
 * lmdb:FILE - a database of LMDB in one file, which postmap(1) rewrites in
 * place, in one transaction.
 *
 * A lookup takes no lock, so it never waits for a writer nor keeps one waiting.
 * It reads a snapshot, and then looks whether that is still the newest one. If
 * it is, nothing of the snapshot was overwritten: the next transaction writes
 * beside the last one committed, and only those after it use its pages again.
 * If not, the lookup is done again.
 */
#include "tables/lmdb/file.h"
#include "tables/support/mapped.h"
#include "tables/support/nul_form.h"
#include "tables/support/path.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_lmdb;

/* What LMDB finds is at most so big, or it is nonsense. */
#define VALUE_MAX ((size_t)16 * 1024 * 1024)

/* Each time again another transaction has to be committed meanwhile. */
#define TRIES_MAX 10

struct lmdb_table {
        struct table table;
        struct lmdb_file file;
        struct nul_form form;
        size_t form_txn; /* the transaction that it was learnt from */
        bool is_broken;  /* its reading was broken off */
};

/* Work inside of mapped_read. */
struct question {
        struct lmdb_table *table;
        struct span key;
        struct arena *arena;
        struct nul_form form;
        struct span value;
        int result; /* 1, 0, or an error: LMDB's or a negative errno */
        bool is_newest;
};

static int find(void *ctx, struct span key, struct span *ret_value)
{
        struct lmdb_file *file = ctx;
        MDB_val mdb_key = {key.size, (void *)key.data}, value;
        int r;

        if (key.size == 0 ||
                key.size > (size_t)mdb_env_get_maxkeysize(file->env))
                return 0; /* no such key can be stored */
        r = mdb_get(file->txn, file->dbi, &mdb_key, &value);
        if (r == MDB_NOTFOUND)
                return 0;
        if (r != 0)
                return lmdb_file_error(r);
        if (value.mv_size > VALUE_MAX)
                return MDB_CORRUPTED;
        *ret_value = (struct span){value.mv_data, value.mv_size};
        return 1;
}

static int find_copy(struct question *question)
{
        struct span value;
        char *copy;
        int r = nul_form_find(&question->form, question->key, find,
                &question->table->file, &value);

        if (r <= 0)
                return r;
        copy = arena_bytes(question->arena, value.size);
        if (copy == NULL)
                return -ENOMEM;
        memcpy(copy, value.data, value.size);
        question->value = (struct span){copy, value.size};
        return 1;
}

static void read_once(void *ctx)
{
        struct question *question = ctx;
        struct lmdb_table *table = question->table;
        struct lmdb_file *file = &table->file;
        MDB_envinfo info;
        size_t txn;

        question->is_newest = true;
        question->result = lmdb_file_begin(file);
        if (question->result != 0)
                return;
        txn = mdb_txn_id(file->txn);
        if (txn == table->form_txn)
                question->form = table->form;
        else
                question->form = (struct nul_form){0};
        /* A file without any transaction is one that is still being made. */
        question->result = txn > 0 ? find_copy(question) : -EAGAIN;
        mdb_env_info(file->env, &info);
        question->is_newest = info.me_last_txnid == txn;
        mdb_txn_reset(file->txn);
        if (question->is_newest) {
                table->form = question->form;
                table->form_txn = txn;
        }
}

static enum progress fail(struct lmdb_table *table, struct lookup *lookup)
{
        table->is_broken = true;
        return lookup_failed(lookup,
                "%s: corrupt, or became shorter while it was open",
                table->file.indexed.path);
}

static enum progress finish(
        const struct question *question, struct lookup *lookup)
{
        const char *path = question->table->file.indexed.path;
        int r = question->result;

        if (!question->is_newest)
                return lookup_failed(lookup, "%s: changes all the time", path);
        if (r == 1)
                return lookup_found(lookup, question->value);
        if (r == 0)
                return lookup_absent(lookup);
        if (r == -EAGAIN)
                return lookup_failed(
                        lookup, "%s: nothing was written to it yet", path);
        return lookup_failed(lookup, "%s: %s", path, lmdb_file_text(r));
}

static enum progress start_lmdb(struct table *base, struct lookup *lookup)
{
        struct lmdb_table *table = (struct lmdb_table *)base;
        struct question question = {.table = table, .arena = lookup->arena};

        if (table->is_broken)
                return fail(table, lookup);
        question.key.data = arena_copy(lookup->arena, lookup->key);
        question.key.size = lookup->key.size;
        if (question.key.data == NULL)
                return lookup_failed(lookup, "out of memory for the key");
        for (int i = 0; i < TRIES_MAX && !question.is_newest; i++)
                if (mapped_read((struct span){0}, read_once, &question) < 0)
                        return fail(table, lookup);
        return finish(&question, lookup);
}

static void close_lmdb(struct table *base)
{
        struct lmdb_table *table = (struct lmdb_table *)base;

        lmdb_file_close(&table->file);
        free(table);
}

static int check_lmdb(const char *argument, struct reason *ret_reason)
{
        return path_check("lmdb", argument, ret_reason);
}

static struct table *open_lmdb(const struct table_env *env, const char *name,
        struct reason *ret_reason)
{
        struct lmdb_table *table;

        if (check_lmdb(name, ret_reason) < 0)
                return NULL;
        table = calloc(1, sizeof(*table));
        if (table == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "lmdb");
                return NULL;
        }
        table->table.type = &table_type_lmdb;
        table->table.is_in_place = true;
        if (lmdb_file_open(
                    &table->file, &table->table, env, name, ret_reason) == 0) {
                table->table.entries = table->file.entries;
                return &table->table;
        }
        close_lmdb(&table->table);
        return NULL;
}

const struct table_type table_type_lmdb = {
        .name = "lmdb",
        .summary = "FILE.lmdb, an LMDB database that postmap(1) makes",
        .argument = "FILE",
        .manual =
                "The LMDB database\n"
                ".Ar FILE Ns .lmdb ,\n"
                "as\n"
                ".Dq postmap lmdb: Ns Ar FILE\n"
                "makes it; keys and values with or without a NUL behind them.\n"
                "Keys of more than 511 bytes cannot be stored, and are not\n"
                "found.\n"
                ".Pp\n"
                "postmap rewrites the file in place, in one transaction: each\n"
                "lookup sees what was there before or what is there after it,\n"
                "without waiting, and at once; so\n"
                ".Cm shrink_limit\n"
                "cannot keep what was there.\n"
                "The file is mapped into memory, and may grow.\n"
                ".Pp\n"
                "Postfix's\n"
                ".Cm lmdb_map_size\n"
                "is for those who write, and not needed.\n"
                "A new file that postmap has not finished yet answers TEMP.\n"
                "When the file is cut short or found to be corrupt, lookups\n"
                "are answered TEMP until it is opened again.\n"
                "LMDB has no checksums: a damaged entry may be found as it is,\n"
                "or not be found.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = lmdb:/etc/postfix/virtual\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map virtual]\n"
                "table = lmdb:/etc/postfix/virtual\n"
                "search = virtual\n"
                ".Ed\n",
        .check = check_lmdb,
        .open = open_lmdb,
        .start = start_lmdb,
        .close = close_lmdb,
};
