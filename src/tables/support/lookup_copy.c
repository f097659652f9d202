/* SPDX-License-Identifier: MIT */
#include "tables/support/lookup_copy.h"
#include <errno.h>

int lookup_copy_init(struct lookup_copy *copy, struct lookup *asking)
{
        char *key;

        copy->asking = asking;
        copy->lookup = (struct lookup){
                .key = asking->key,
                .deadline = asking->deadline,
                .arena = &copy->arena,
        };
        arena_init(&copy->arena, copy->memory, sizeof(copy->memory),
                LOOKUP_COPY_MEMORY_MAX);
        key = arena_copy(&copy->arena, asking->key);
        if (key == NULL) {
                lookup_copy_fini(copy);
                return -ENOMEM;
        }
        copy->lookup.key.data = key;
        return 0;
}

void lookup_copy_fini(struct lookup_copy *copy)
{
        arena_fini(&copy->arena);
}

void lookup_copy_answer(struct lookup_copy *copy)
{
        struct lookup *asking = copy->asking;
        struct span value = copy->lookup.value;

        asking->state = NULL;
        asking->answer = copy->lookup.answer;
        asking->reason = copy->lookup.reason;
        if (asking->answer != ANSWER_FOUND)
                return;
        asking->value.data = arena_copy(asking->arena, value);
        asking->value.size = value.size;
        if (asking->value.data == NULL)
                lookup_failed(asking, "out of memory for the value");
}
