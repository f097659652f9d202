/* SPDX-License-Identifier: MIT */
/* A lookup for another thread: it needs nothing of its asker's. */
#ifndef TABLES_SUPPORT_LOOKUP_COPY_H
#define TABLES_SUPPORT_LOOKUP_COPY_H

#include "tables/table.h"
#include <stddef.h>

/* What a value and the work for it may take. */
#define LOOKUP_COPY_MEMORY ((size_t)2048)
#define LOOKUP_COPY_MEMORY_MAX ((size_t)16 * 1024 * 1024)

struct lookup_copy {
        struct lookup lookup; /* the other thread's */
        struct arena arena;   /* likewise */
        max_align_t memory[LOOKUP_COPY_MEMORY / sizeof(max_align_t)];
        struct lookup *asking; /* NULL: cancelled. The asker's thread */
};

/* Copies the key and the deadline. Returns 0, or -ENOMEM and it is no copy. */
int lookup_copy_init(struct lookup_copy *copy, struct lookup *asking);
void lookup_copy_fini(struct lookup_copy *copy);

/*
 * Hands the answer over to the asker, who has not cancelled. On its thread; to
 * call its finish is left to the caller.
 */
void lookup_copy_answer(struct lookup_copy *copy);

#endif
