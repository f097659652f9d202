/* SPDX-License-Identifier: MIT */
/* Whether a file is still the one that was read. */
#ifndef BASE_FILE_STATE_H
#define BASE_FILE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct file_state {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec changed;
        /*
         * Somebody may be writing it still, or write it again without another
         * time of change: it had changed within the last two seconds.
         */
        bool is_hot;
};

/* Looks at a file. Returns 0 or a negative errno. */
int file_state_get(const char *file, struct file_state *ret_state);

/* Says whether both are of the same content, as far as can be told. */
bool file_state_is_same(const struct file_state *a, const struct file_state *b);

#endif
