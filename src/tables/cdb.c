/* SPDX-License-Identifier: MIT */
/*
 * cdb:FILE - a constant database, made by postmap(1) and replaced as a whole.
 * libcdb checks every place in the file that it is told of, and looks at each
 * slot of a hash table once: a corrupt file is no danger to it.
 */
#include "tables/support/indexed.h"
#include "tables/support/mapped.h"
#include "tables/support/nul_form.h"
#include "tables/support/path.h"
#include <cdb.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

extern const struct table_type table_type_cdb;

/* The file begins with the place and the length of each hash table. */
#define HASH_TABLES 256

struct cdb_table {
        struct table table;
        struct indexed indexed;
        struct cdb cdb;
        struct span map;   /* the whole file */
        struct stat state; /* of the file, when it was opened */
        struct nul_form form;
        bool is_changed; /* the file itself, instead of being replaced */
};

/* A lookup inside of mapped_read. */
struct question {
        struct cdb_table *table;
        struct lookup *lookup;
        struct span key;
        int result; /* as nul_form_find's; -ENOMEM */
};

static int find(void *ctx, struct span key, struct span *ret_value)
{
        struct cdb *cdb = ctx;
        int r;

        if (key.size > UINT_MAX)
                return 0;
        r = cdb_find(cdb, key.data, (unsigned)key.size);
        if (r < 0)
                return -errno;
        if (r == 0)
                return 0;
        ret_value->size = cdb_datalen(cdb);
        ret_value->data = cdb_getdata(cdb);
        return ret_value->data != NULL ? 1 : -errno;
}

/* The value is copied here, where the file may become shorter meanwhile. */
static void answer(void *ctx)
{
        struct question *question = ctx;
        struct lookup *lookup = question->lookup;
        struct span value;
        char *copy;

        question->result = nul_form_find(&question->table->form, question->key,
                find, &question->table->cdb, &value);
        if (question->result <= 0)
                return;
        copy = arena_bytes(lookup->arena, value.size);
        if (copy == NULL) {
                question->result = -ENOMEM;
                return;
        }
        memcpy(copy, value.data, value.size);
        lookup->value = (struct span){copy, value.size};
}

/*
 * Whether what was read is what was opened: in a file that is being written
 * over, everything would be absent for a while. What is found there stands in
 * the file as a whole, now or before; so only those that are not found pay for
 * the system call.
 */
static bool is_same(const struct cdb_table *table)
{
        const struct stat *then = &table->state;
        struct stat now;

        return fstat(table->indexed.fd, &now) == 0 &&
               now.st_size == then->st_size &&
               now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
               now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

static enum progress fail(struct cdb_table *table, struct lookup *lookup)
{
        table->is_changed = true;
        return lookup_failed(lookup,
                "%s: was written to while it was open; replace it by rename",
                table->indexed.path);
}

static enum progress start_cdb(struct table *base, struct lookup *lookup)
{
        struct cdb_table *table = (struct cdb_table *)base;
        struct question question = {.table = table, .lookup = lookup};

        if (table->is_changed)
                return fail(table, lookup);
        question.key.data = arena_copy(lookup->arena, lookup->key);
        question.key.size = lookup->key.size;
        if (question.key.data == NULL)
                return lookup_failed(lookup, "out of memory for the key");
        if (mapped_read(table->map, answer, &question) < 0)
                return fail(table, lookup);
        if (question.result > 0)
                return lookup_found(lookup, lookup->value);
        if (!is_same(table))
                return fail(table, lookup);
        if (question.result == 0)
                return lookup_absent(lookup);
        if (question.result == -ENOMEM)
                return lookup_failed(lookup, "out of memory for the value");
        return lookup_failed(lookup, "%s: not a sound cdb file: %s",
                table->indexed.path, strerror(-question.result));
}

/* As many as fit: each hash table has two slots for an entry. */
static size_t count_entries(const struct cdb *cdb)
{
        size_t slots = 0;

        for (size_t i = 0; i < HASH_TABLES; i++)
                slots += cdb_unpack(cdb->cdb_mem + i * 8 + 4);
        return slots / 2;
}

/* Inside of mapped_read. */
static void begin(void *ctx)
{
        struct question *question = ctx;
        struct cdb_table *table = question->table;

        if (fstat(table->indexed.fd, &table->state) < 0) {
                question->result = -errno;
                return;
        }
        question->result = cdb_init(&table->cdb, table->indexed.fd);
        if (question->result < 0) {
                question->result = -errno;
                return;
        }
        table->map = (struct span){
                (const char *)table->cdb.cdb_mem, table->cdb.cdb_fsize};
        table->table.entries = count_entries(&table->cdb);
}

static void close_cdb(struct table *base)
{
        struct cdb_table *table = (struct cdb_table *)base;

        if (table->cdb.cdb_mem != NULL)
                cdb_free(&table->cdb);
        indexed_close(&table->indexed);
        free(table);
}

static int check_cdb(const char *argument, struct reason *ret_reason)
{
        return path_check("cdb", argument, ret_reason);
}

static struct table *open_cdb(const struct table_env *env, const char *name,
        struct reason *ret_reason)
{
        struct cdb_table *table;
        struct question question = {0};
        int error;

        if (check_cdb(name, ret_reason) < 0)
                return NULL;
        table = calloc(1, sizeof(*table));
        if (table == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "cdb");
                return NULL;
        }
        table->table.type = &table_type_cdb;
        if (indexed_open(&table->indexed, &table->table, env, name, "cdb",
                    ret_reason) < 0)
                goto fail;
        question.table = table;
        error = mapped_read((struct span){0}, begin, &question);
        if (error == 0)
                error = question.result;
        if (error == 0)
                return &table->table;
        /* EPROTO is libcdb's word for it. */
        if (error == -EPROTO || error == -EIO || error == -EINVAL) {
                reason_set(ret_reason, "%s: not a sound cdb file",
                        table->indexed.path);
                ret_reason->code = -EBADMSG;
        } else {
                reason_set_errno(ret_reason, error, "%s", table->indexed.path);
        }

fail:
        close_cdb(&table->table);
        return NULL;
}

const struct table_type table_type_cdb = {
        .name = "cdb",
        .summary = "FILE.cdb, a constant database that postmap(1) makes",
        .argument = "FILE",
        .manual =
                "The constant database\n"
                ".Ar FILE Ns .cdb ,\n"
                "as\n"
                ".Dq postmap cdb: Ns Ar FILE\n"
                "or\n"
                ".Xr cdb 1\n"
                "make it; keys and values with or without a NUL behind them.\n"
                "The file is mapped into memory.\n"
                "Replace it by\n"
                ".Xr rename 2 ,\n"
                "as postmap does: of a file that was written to while it is\n"
                "open, nothing is said to be absent; lookups are answered TEMP\n"
                "until it is opened again.\n"
                "It has at most 4 GiB.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = cdb:/etc/postfix/virtual\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map virtual]\n"
                "table = cdb:/etc/postfix/virtual\n"
                "search = virtual\n"
                ".Ed\n",
        .check = check_cdb,
        .open = open_cdb,
        .start = start_cdb,
        .close = close_cdb,
};
