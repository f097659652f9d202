/* SPDX-License-Identifier: MIT */
#include "tables/lmdb/file.h"
#include "tables/support/mapped.h"
#include <errno.h>
#include <sys/stat.h>

/*
 * LMDB trusts the file. The mapping goes on so far behind its end: a stray
 * pointer from a corrupt page stays inside of it, where reading is broken off,
 * and nothing else of this process's memory can get into an answer.
 */
#define BEYOND ((size_t)64 * 1024 * 1024)

/* The work of opening, inside of mapped_read. */
struct opening {
        struct lmdb_file *file;
        int result;
};

/* LMDB's own way would be abort(). It holds nothing while it reads. */
static void on_assert(MDB_env *env, const char *text)
{
        (void)env;
        (void)text;
        mapped_break_off();
}

int lmdb_file_error(int returned)
{
        return returned > 0 ? -returned : returned;
}

const char *lmdb_file_text(int error)
{
        return mdb_strerror(error <= MDB_LAST_ERRCODE ? error : -error);
}

/* Maps what the file has now, and beyond. No transaction is open. */
static int map_file(struct lmdb_file *file)
{
        struct stat st;

        if (fstat(file->indexed.fd, &st) < 0)
                return -errno;
        return lmdb_file_error(mdb_env_set_mapsize(
                file->env, (size_t)st.st_size * 2 + BEYOND));
}

int lmdb_file_begin(struct lmdb_file *file)
{
        int r = mdb_txn_renew(file->txn);

        if (r != MDB_MAP_RESIZED)
                return lmdb_file_error(r);
        r = map_file(file);
        return r == 0 ? lmdb_file_error(mdb_txn_renew(file->txn)) : r;
}

static void open_env(void *ctx)
{
        struct opening *opening = ctx;
        struct lmdb_file *file = opening->file;
        MDB_envinfo info;
        MDB_stat stat;
        int r;

        r = mdb_env_create(&file->env);
        if (r != 0)
                goto out;
        mdb_env_set_assert(file->env, on_assert);
        r = map_file(file);
        if (r == 0)
                r = mdb_env_open(file->env, file->indexed.path,
                        MDB_RDONLY | MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS, 0);
        /* What mdb_txn_begin reads after an allocation is read before it. */
        if (r == 0)
                r = mdb_env_info(file->env, &info);
        if (r == 0)
                r = mdb_txn_begin(file->env, NULL, MDB_RDONLY, &file->txn);
        if (r == 0)
                r = mdb_dbi_open(file->txn, NULL, 0, &file->dbi);
        if (r == 0)
                r = mdb_stat(file->txn, file->dbi, &stat);
        if (r == 0)
                file->entries = stat.ms_entries;
        if (file->txn != NULL)
                mdb_txn_reset(file->txn);
out:
        opening->result = lmdb_file_error(r);
}

static int open_guarded(struct lmdb_file *file, struct reason *ret_reason)
{
        struct opening opening = {.file = file};
        int r;

        if (mapped_read((struct span){0}, open_env, &opening) < 0)
                opening.result = MDB_CORRUPTED;
        r = opening.result;
        if (r == 0)
                return 0;
        reason_set(ret_reason, "%s: %s", file->indexed.path, lmdb_file_text(r));
        /* The argument is right, whatever is wrong with the file. */
        ret_reason->code = r <= MDB_LAST_ERRCODE || r == -EINVAL ? -EBADMSG : r;
        return ret_reason->code;
}

/* Whether both names, looked up one after the other, were of one file. */
static int check_same(struct lmdb_file *file, struct reason *ret_reason)
{
        struct stat ours, theirs;
        int fd;

        if (mdb_env_get_fd(file->env, &fd) == 0 && fstat(fd, &theirs) == 0 &&
                fstat(file->indexed.fd, &ours) == 0 &&
                ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
                return 0;
        reason_set_errno(ret_reason, -EAGAIN, "%s", file->indexed.path);
        return -EAGAIN;
}

int lmdb_file_open(struct lmdb_file *file, struct table *table,
        const struct table_env *env, const char *name,
        struct reason *ret_reason)
{
        int r = indexed_open(
                &file->indexed, table, env, name, "lmdb", ret_reason);

        if (r == 0)
                r = open_guarded(file, ret_reason);
        return r == 0 ? check_same(file, ret_reason) : r;
}

void lmdb_file_close(struct lmdb_file *file)
{
        if (file->txn != NULL)
                mdb_txn_abort(file->txn);
        if (file->env != NULL)
                mdb_env_close(file->env);
        indexed_close(&file->indexed);
}
