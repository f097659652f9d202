/* SPDX-License-Identifier: MIT */
#include "base/file_state.h"
#include <errno.h>
#include <sys/stat.h>

#define HOT_SECONDS 2

/* A time that is far ahead is no reason to wait for it. */
static bool is_hot(const struct timespec *changed)
{
        struct timespec now;
        double age;

        clock_gettime(CLOCK_REALTIME, &now);
        age = difftime(now.tv_sec, changed->tv_sec) +
              (double)(now.tv_nsec - changed->tv_nsec) / 1e9;
        return age > -HOT_SECONDS && age < HOT_SECONDS;
}

int file_state_get(const char *file, struct file_state *ret_state)
{
        struct stat st;

        if (stat(file, &st) < 0)
                return -errno;
        *ret_state = (struct file_state){
                .device = st.st_dev,
                .inode = st.st_ino,
                .size = st.st_size,
                .changed = st.st_mtim,
                .is_hot = is_hot(&st.st_mtim),
        };
        return 0;
}

bool file_state_is_same(const struct file_state *a, const struct file_state *b)
{
        return a->device == b->device && a->inode == b->inode &&
               a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
               a->changed.tv_nsec == b->changed.tv_nsec;
}
