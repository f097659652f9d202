/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "support/check.h"
#include <stdint.h>

static void test_borrowed(void)
{
        _Alignas(max_align_t) char memory[64];
        struct arena arena;

        arena_init(&arena, memory, sizeof(memory), 0);
        CHECK(arena_bytes(&arena, 3) == memory);
        char *aligned = arena_alloc(&arena, 16);
        CHECK((uintptr_t)aligned % _Alignof(max_align_t) == 0);
        CHECK(aligned > memory && aligned < memory + sizeof(memory));
        CHECK(arena_bytes(&arena, 64) == NULL);
        CHECK(arena_alloc(&arena, 64) == NULL);
        CHECK(arena_bytes(&arena, 32) == memory + 32);
        CHECK(arena_bytes(&arena, 1) == NULL);
        CHECK(arena_bytes(&arena, 0) != NULL);
        arena_fini(&arena);
}

static void test_growth(void)
{
        struct arena arena;
        char *before = NULL;

        arena_init(&arena, NULL, 0, SIZE_MAX);
        for (size_t i = 1; i < 2000; i++) {
                char *bytes = arena_alloc(&arena, i * 7);

                CHECK(bytes != NULL && bytes != before);
                CHECK((uintptr_t)bytes % _Alignof(max_align_t) == 0);
                memset(bytes, 'x', i * 7);
                before = bytes;
        }
        CHECK(arena_bytes(&arena, SIZE_MAX) == NULL);
        CHECK(arena_alloc(&arena, SIZE_MAX - 8) == NULL);
        arena_fini(&arena);
        arena_fini(&arena);
}

static void test_limit(void)
{
        struct arena arena;
        size_t taken = 0;

        arena_init(&arena, NULL, 0, 10000);
        CHECK(arena_bytes(&arena, 10000) == NULL);
        while (arena_bytes(&arena, 100) != NULL)
                taken += 100;
        CHECK(taken > 9000 && taken < 10000);
        arena_fini(&arena);
}

static void test_copy(void)
{
        char memory[4];
        struct arena arena;

        arena_init(&arena, memory, sizeof(memory), 0);
        CHECK_STR(arena_copy(&arena, SPAN_LITERAL("abc")), "abc");
        CHECK(arena_copy(&arena, SPAN_LITERAL("")) == NULL);
        arena_init(&arena, memory, sizeof(memory), 0);
        CHECK_STR(arena_copy(&arena, (struct span){NULL, 0}), "");
}

/* Nothing is something else than no memory. */
static void test_nothing(void)
{
        struct arena arena;

        arena_init(&arena, NULL, 0, 10000);
        CHECK(arena_bytes(&arena, 0) != NULL);
        CHECK(arena_alloc(&arena, 0) != NULL);
        arena_fini(&arena);
}

int main(void)
{
        RUN(test_borrowed);
        RUN(test_growth);
        RUN(test_limit);
        RUN(test_copy);
        RUN(test_nothing);
        return check_done();
}
