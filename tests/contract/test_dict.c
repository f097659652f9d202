/* SPDX-License-Identifier: MIT */
#include "support/check.h"
#include "tables/support/dict.h"
#include "tables/support/siphash.h"
#include <stdlib.h>

/* The first two of the published vectors of SipHash-1-3. */
static void test_siphash(void)
{
        static const uint64_t seed[2] = {
                0x0706050403020100, 0x0f0e0d0c0b0a0908};

        CHECK(siphash(seed, SPAN_LITERAL("")) == 0xabac0158050fc4dc);
        CHECK(siphash(seed, SPAN_LITERAL("\0")) == 0xc9f49bf37d57ca93);
}

static bool has(const struct dict *dict, struct span key, struct span value)
{
        struct span found;

        return dict_find(dict, key, &found) && span_equal(found, value);
}

static void test_duplicates(void)
{
        struct span a = SPAN_LITERAL("a"), one = SPAN_LITERAL("1"),
                    two = SPAN_LITERAL("two");
        struct dict dict;

        CHECK_INT(dict_init(&dict), 0);
        CHECK_INT(dict_add(&dict, a, one, DICT_FIRST_WINS), 1);
        CHECK_INT(dict_add(&dict, a, two, DICT_FIRST_WINS), 0);
        CHECK(has(&dict, a, one));
        CHECK_INT(dict_add(&dict, a, two, DICT_LAST_WINS), 0);
        CHECK(has(&dict, a, two));
        CHECK_INT(dict.count, 1);
        dict_fini(&dict);
        dict_fini(&dict);
}

static void test_any_bytes(void)
{
        struct span none = {NULL, 0}, nul = SPAN_LITERAL("\0"),
                    prefix = SPAN_LITERAL("a"), longer = SPAN_LITERAL("a\0b"),
                    found;
        struct dict dict;

        CHECK_INT(dict_init(&dict), 0);
        CHECK(!dict_find(&dict, none, &found));
        CHECK_INT(dict_add(&dict, none, none, DICT_FIRST_WINS), 1);
        CHECK_INT(dict_add(&dict, nul, prefix, DICT_FIRST_WINS), 1);
        CHECK_INT(dict_add(&dict, longer, nul, DICT_FIRST_WINS), 1);
        CHECK(has(&dict, none, none));
        CHECK(has(&dict, nul, prefix));
        CHECK(has(&dict, longer, nul));
        CHECK(!dict_find(&dict, prefix, &found));
        dict_fini(&dict);
}

/* Every key is found again, at each size on the way. */
static void test_growth(void)
{
        struct dict dict;
        char key[20];

        CHECK_INT(dict_init(&dict), 0);
        for (int i = 0; i < 20000; i++) {
                int size = snprintf(key, sizeof(key), "%d", i);
                struct span bytes = {key, (size_t)size};

                CHECK_INT(dict_add(&dict, bytes, bytes, DICT_FIRST_WINS), 1);
                CHECK(has(&dict, bytes, bytes));
                snprintf(key, sizeof(key), "%d", i / 2);
                CHECK(has(&dict, span_of(key), span_of(key)));
        }
        CHECK_INT(dict.count, 20000);
        CHECK(dict.slot_count >= dict.count * 4 / 3);
        dict_fini(&dict);
}

struct told {
        size_t count;
        size_t wrong; /* tags that were not those of the key */
};

/* Keys are numbers, and have been added with themselves as tags. */
static void tell(void *ctx, struct span key, size_t tag)
{
        struct told *told = ctx;
        char expected[24];

        snprintf(expected, sizeof(expected), "%zu", tag);
        told->count++;
        told->wrong += !span_equal(key, span_of(expected));
}

#define NUMBERS ((size_t)20000)

/*
 * Adds all numbers twice: one half each at once, mostly within a batch, the
 * other half much later. The value counts the calls.
 */
static void add_numbers(struct dict_batch *batch)
{
        for (size_t i = 0; i < 2 * NUMBERS; i++) {
                size_t number = i / 2;
                char key[24], value[24];

                if (i >= NUMBERS)
                        number = NUMBERS / 2 + i % (NUMBERS / 2);
                snprintf(key, sizeof(key), "%zu", number);
                snprintf(value, sizeof(value), "%zu", i);
                CHECK_INT(dict_batch_add(
                                  batch, span_of(key), span_of(value), number),
                        0);
        }
        dict_batch_end(batch);
}

/* Returns which of the two values a number has got; -1: neither. */
static int value_of(const struct dict *dict, size_t number)
{
        size_t first = number * 2, second = number * 2 + 1;
        char key[24], value[24];

        if (number >= NUMBERS / 2) {
                first = number + NUMBERS / 2;
                second = first + NUMBERS / 2;
        }
        snprintf(key, sizeof(key), "%zu", number);
        snprintf(value, sizeof(value), "%zu", first);
        if (has(dict, span_of(key), span_of(value)))
                return 0;
        snprintf(value, sizeof(value), "%zu", second);
        return has(dict, span_of(key), span_of(value)) ? 1 : -1;
}

static void check_batches(enum dict_duplicate duplicate)
{
        struct dict dict;
        struct told told = {0};
        struct dict_batch batch = {.dict = &dict,
                .duplicate = duplicate,
                .tell = tell,
                .ctx = &told};

        CHECK_INT(dict_init(&dict), 0);
        add_numbers(&batch);
        CHECK_INT(dict.count, NUMBERS);
        CHECK_INT(told.count, NUMBERS);
        CHECK_INT(told.wrong, 0);
        for (size_t i = 0; i < NUMBERS; i++)
                CHECK_INT(value_of(&dict, i), duplicate == DICT_LAST_WINS);
        dict_fini(&dict);
}

static void test_batches(void)
{
        check_batches(DICT_FIRST_WINS);
        check_batches(DICT_LAST_WINS);
}

/* The same keys lie elsewhere in another dict: nobody can foresee where. */
static void test_seeds_differ(void)
{
        struct dict a, b;

        CHECK_INT(dict_init(&a), 0);
        CHECK_INT(dict_init(&b), 0);
        CHECK(memcmp(a.seed, b.seed, sizeof(a.seed)) != 0);
        dict_fini(&a);
        dict_fini(&b);
}

int main(void)
{
        RUN(test_siphash);
        RUN(test_duplicates);
        RUN(test_any_bytes);
        RUN(test_growth);
        RUN(test_batches);
        RUN(test_seeds_differ);
        return check_done();
}
