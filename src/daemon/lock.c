/* SPDX-License-Identifier: MIT */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Says whether the file is still the one that the descriptor is open on. */
static bool is_there(const char *path, int fd)
{
        struct stat opened, named;

        return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
               opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/*
 * Opens the file and locks it, once more when its owner has removed it in
 * between. Returns the descriptor; -EWOULDBLOCK with the holder's process id,
 * or another negative errno.
 */
static int open_locked(const char *path, char *ret_holder, size_t size)
{
        for (;;) {
                int r, fd;

                fd = open(
                        path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
                if (fd < 0)
                        return -errno;
                if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                        if (is_there(path, fd))
                                return fd;
                        close(fd);
                        continue;
                }
                r = -errno;
                if (r == -EWOULDBLOCK) {
                        ssize_t n = pread(fd, ret_holder, size - 1, 0);

                        ret_holder[n > 0 ? n : 0] = '\0';
                }
                close(fd);
                return r;
        }
}

/* For whoever finds it locked; the lock itself doesn't need it. */
static void write_pid(int fd)
{
        char text[32];
        int size = snprintf(text, sizeof(text), "%ld", (long)getpid());

        if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)size, 0) < 0)
                return;
}

static char *format_path(const char *path)
{
        char *text;

        return asprintf(&text, "%s.lock", path) < 0 ? NULL : text;
}

int lock_open(struct lock *lock, const char *path, struct reason *ret_reason)
{
        char holder[32] = "";
        char *file = format_path(path);
        int fd = file == NULL ? -ENOMEM
                              : open_locked(file, holder, sizeof(holder));

        if (fd >= 0) {
                write_pid(fd);
                *lock = (struct lock){file, fd};
                return 0;
        }
        if (fd == -EWOULDBLOCK) {
                fd = -EADDRINUSE;
                reason_set(ret_reason,
                        "unix:%s: another socketmapd (pid %s) has it", path,
                        holder);
                ret_reason->code = fd;
        } else {
                reason_set_errno(ret_reason, fd, "unix:%s: its lock %s.lock",
                        path, path);
        }
        free(file);
        return fd;
}

int lock_adopt(struct lock *lock, const char *path, int fd)
{
        char *file = format_path(path);

        if (file == NULL) {
                close(fd);
                return -ENOMEM;
        }
        write_pid(fd);
        *lock = (struct lock){file, fd};
        return 0;
}

void lock_close(struct lock *lock)
{
        if (lock->path == NULL)
                return;
        if (is_there(lock->path, lock->fd))
                unlink(lock->path); /* still ours: nobody can be fooled */
        lock_leave(lock);
}

void lock_leave(struct lock *lock)
{
        if (lock->path == NULL)
                return;
        close(lock->fd);
        free(lock->path);
        *lock = (struct lock){0};
}
