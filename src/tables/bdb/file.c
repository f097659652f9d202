/* SPDX-License-Identifier: MIT */
#include "tables/bdb/file.h"
#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a writer is waited for, and how often it is looked. */
#define LOCK_TRIES 400
#define LOCK_PAUSE 10000000L /* nanoseconds */

/*
 * The library's cache has to hold its notes on all pages while it verifies a
 * file: it would write to a temporary one, where the daemon may not.
 */
#define CACHE_SIZE ((uint64_t)16 * 1024 * 1024)
#define CACHE_SHARE 8

/* The processor time that a sound file is read in by far. */
#define PROBE_SECONDS 2
#define PROBE_BYTES_A_SECOND (4 * 1024 * 1024)

/* So much more than that on the clock: the machine may be busy. */
#define PATIENCE_FACTOR 4

/* What the probe ends with. */
enum { PROBE_SOUND, PROBE_CORRUPT, PROBE_OTHER_KIND };

static int try_lock(int fd)
{
        struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return -errno;
        return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

int bdb_lock(int fd)
{
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE};
        int r;

        for (int i = 0; i < LOCK_TRIES; i++) {
                r = try_lock(fd);
                if (r != -EAGAIN && r != -EACCES && r != -EINTR)
                        return r;
                flock(fd, LOCK_UN);
                nanosleep(&pause, NULL);
        }
        return -EBUSY;
}

/* The library would write its complaints to stderr. */
static void say_nothing(
        const DB_ENV *env, const char *prefix, const char *message)
{
        (void)env;
        (void)prefix;
        (void)message;
}

/* Returns a handle or NULL. It never maps the file: that may become shorter. */
static DB *make_handle(uint64_t file_size)
{
        uint64_t size = CACHE_SIZE + file_size / CACHE_SHARE;
        DB *db;
        DB_ENV *env;

        if (db_create(&db, NULL, 0) != 0)
                return NULL;
        env = db->get_env(db);
        db->set_errcall(db, say_nothing);
        if (env->set_flags(env, DB_NOMMAP, 1) == 0 &&
                db->set_cachesize(db, (u_int32_t)(size >> 30),
                        (u_int32_t)(size & 0x3fffffff), 1) == 0)
                return db;
        db->close(db, 0);
        return NULL;
}

/* Positive: errno's; negative: the library's own. */
static int negative(int error)
{
        return error > 0 ? -error : -EBADMSG;
}

/*
 * Every record takes its bytes of the file, and more: a reading that yields
 * more than that goes round in circles. Of several values that a key has, as
 * makemap's -d stores them, Postfix finds the first one.
 */
static int read_records(DBC *cursor, uint64_t size,
        int (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
        uint64_t taken = 0;
        DBT key = {0}, value = {0};
        int r;

        while ((r = cursor->get(cursor, &key, &value, DB_NEXT_NODUP)) == 0) {
                taken += (uint64_t)key.size + value.size + 1;
                if (taken > size)
                        return -EBADMSG;
                r = each(ctx, (struct span){key.data, key.size},
                        (struct span){value.data, value.size});
                if (r < 0)
                        return r;
        }
        return r == DB_NOTFOUND ? 0 : negative(r);
}

static DBTYPE type_of(const char *kind)
{
        return strcmp(kind, "hash") == 0 ? DB_HASH : DB_BTREE;
}

/* Returns as bdb_read does; -EPROTOTYPE when it is of another kind. */
static int read_file(const char *path, const char *kind,
        int (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
        DBC *cursor = NULL;
        struct stat st;
        DBTYPE type;
        DB *db;
        int r;

        if (stat(path, &st) < 0)
                return -errno;
        db = make_handle(0);
        if (db == NULL)
                return -ENOMEM;
        r = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
        if (r == 0)
                r = db->get_type(db, &type);
        if (r == 0)
                r = type == type_of(kind) ? 0 : EPROTOTYPE;
        if (r == 0)
                r = db->cursor(db, NULL, &cursor, 0);
        if (r == 0)
                r = read_records(cursor, (uint64_t)st.st_size, each, ctx);
        else
                r = negative(r);
        if (cursor != NULL)
                cursor->close(cursor);
        db->close(db, 0);
        return r;
}

static int pass_over(void *ctx, struct span key, struct span value)
{
        (void)ctx;
        (void)key;
        (void)value;
        return 0;
}

/* Ends it without anything that the other process would do at its end. */
static _Noreturn void end(int result)
{
        for (;;)
                syscall(SYS_exit_group, result);
}

/*
 * Ends this process when it has used so much processor time, and leaves nothing
 * of its memory on the disk. Not by limits, which a service may not set. It
 * also ends after a time on the clock: should it wait for something that only
 * the other process had, nobody may wait for it.
 */
static void limit(time_t seconds)
{
        const struct itimerval time = {.it_value = {.tv_sec = seconds}};
        sigset_t none;

        prctl(PR_SET_DUMPABLE, 0);
        signal(SIGPROF, SIG_DFL);
        signal(SIGALRM, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        if (setitimer(ITIMER_PROF, &time, NULL) < 0)
                end(PROBE_CORRUPT);
        alarm((unsigned)(PATIENCE_FACTOR * seconds));
}

/* The library prints keys and values of a corrupt file. */
static void be_silent(void)
{
        int fd = open("/dev/null", O_WRONLY);

        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
                dup2(fd, STDERR_FILENO) < 0)
                end(PROBE_CORRUPT);
}

/*
 * The other process. Of threads it has this one alone, and it uses nothing but
 * the library and malloc, which is kept whole over a fork.
 */
static _Noreturn void probe(const char *path, const char *kind)
{
        struct stat st = {0};
        DB *db;
        int r;

        be_silent();
        stat(path, &st);
        limit(PROBE_SECONDS + st.st_size / PROBE_BYTES_A_SECOND);
        r = read_file(path, kind, pass_over, NULL);
        if (r == -EPROTOTYPE)
                end(PROBE_OTHER_KIND);
        db = make_handle((uint64_t)st.st_size);
        if (r < 0 || db == NULL)
                end(PROBE_CORRUPT);
        /* It takes the handle with it. */
        r = db->verify(db, path, NULL, NULL, 0);
        end(r == 0 ? PROBE_SOUND : PROBE_CORRUPT);
}

/* What the probe has ended with. */
static int result_of(const char *path, const char *kind, int status,
        struct reason *ret_reason)
{
        const char *other = strcmp(kind, "hash") == 0 ? "btree" : "hash";

        if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_SOUND)
                return 0;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
                reason_set_errno(ret_reason, -ETIMEDOUT, "%s", path);
                return -ETIMEDOUT;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_OTHER_KIND)
                reason_set(ret_reason,
                        "%s: is no %s file; if it is a %s file, write %s:",
                        path, kind, other, other);
        else
                reason_set(ret_reason,
                        "%s: not a sound file of Berkeley DB; run postmap(1) "
                        "on its source again",
                        path);
        ret_reason->code = -EBADMSG;
        return -EBADMSG;
}

int bdb_probe(const char *path, const char *kind, struct reason *ret_reason)
{
        pid_t pid = fork();
        int status, r;

        if (pid == 0)
                probe(path, kind);
        if (pid < 0) {
                r = -errno;
                goto fail;
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR) {
                        r = -errno;
                        goto fail;
                }
        return result_of(path, kind, status, ret_reason);

fail:
        reason_set_errno(ret_reason, r, "%s: no process to read it", path);
        return r;
}

int bdb_read(const char *path, const char *kind,
        int (*each)(void *ctx, struct span key, struct span value), void *ctx,
        struct reason *ret_reason)
{
        int r = read_file(path, kind, each, ctx);

        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", path);
        return r;
}
