/* SPDX-License-Identifier: MIT */
/*
 * Watching files. Their directories are watched, one watcher for each: a file
 * that is replaced by another one is noticed too.
 *
 * What cannot be watched (no directory, a network's file system, the target of
 * a link elsewhere) isn't noticed; look at it from time to time.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <uv.h>

struct watch_directory;

struct watch {
        uv_loop_t *loop;
        struct watch_directory *directories;
};

struct watch_file {
        char *path;
        const char *name; /* its last part */
        void (*changed)(struct watch_file *file);
        void *owner; /* the watcher's own */
        struct watch_directory *directory;
        struct watch_file *next;
};

void watch_init(struct watch *watch, uv_loop_t *loop);

/*
 * Calls `changed` on the loop whenever something happens to the file of that
 * name, often several times. Copies the path. Returns 0 or -ENOMEM; a directory
 * that cannot be watched is no error.
 */
int watch_add(struct watch *watch, struct watch_file *file, const char *path,
        void (*changed)(struct watch_file *file), void *owner);

/*
 * Ends it. The loop must run once more before it closes. Nothing happens when
 * it was not added, or removed before.
 */
void watch_remove(struct watch *watch, struct watch_file *file);

/* Begins anew: the directory may have been replaced by another. */
void watch_renew(struct watch_file *file);

#endif
