/* SPDX-License-Identifier: MIT */
#include "tables/support/orphan.h"
#include <stdlib.h>

/* For a value of the largest size. */
#define MEMORY ((size_t)256 * 1024)

struct orphan {
        struct question question; /* first */
        struct lookup lookup;
        struct arena arena;
};

static void finish(struct lookup *lookup)
{
        orphan_free(lookup->owner);
}

struct question *orphan_new(const struct question *question)
{
        struct orphan *orphan = calloc(1, sizeof(*orphan));

        if (orphan == NULL)
                return NULL;
        arena_init(&orphan->arena, NULL, 0, MEMORY);
        orphan->lookup = (struct lookup){
                .deadline = question->deadline,
                .arena = &orphan->arena,
                .finish = finish,
                .owner = &orphan->question,
        };
        orphan->question = (struct question){
                .lookup = &orphan->lookup,
                .deadline = question->deadline,
                .connection = question->connection,
                .is_lost = question->is_lost,
        };
        return &orphan->question;
}

bool orphan_is(const struct question *question)
{
        return question->lookup->finish == finish;
}

void orphan_free(struct question *question)
{
        struct orphan *orphan = (struct orphan *)question;

        arena_fini(&orphan->arena);
        free(orphan);
}
