/* SPDX-License-Identifier: MIT */
/*
 * Keys and values in memory, any bytes, filled once and then only read. Keys
 * may come from anybody: the hash is seeded for each dict.
 */
#ifndef TABLES_SUPPORT_DICT_H
#define TABLES_SUPPORT_DICT_H

#include "base/span.h"
#include <stdint.h>

struct dict_slot;

struct dict {
        uint64_t seed[2];
        char *records; /* keys and values, one behind the other */
        size_t size;
        size_t capacity;
        struct dict_slot *slots;
        size_t slot_count; /* a power of two */
        size_t count;
};

/* Begins an empty dict. Returns 0 or a negative errno. */
int dict_init(struct dict *dict);
void dict_fini(struct dict *dict);

enum dict_duplicate { DICT_FIRST_WINS, DICT_LAST_WINS };

/*
 * Adds a copy of key and value. Returns 1; 0 when the key was there and
 * `duplicate` has decided; -ENOMEM, also for what is too big (4 GiB a key or
 * value, 16 GiB in all).
 */
int dict_add(struct dict *dict, struct span key, struct span value,
        enum dict_duplicate duplicate);

#define DICT_BATCH 16

struct dict_entry {
        uint32_t hash;
        uint32_t record;
        size_t tag;
};

/*
 * Adds many entries, several times as fast: the main memory is waited for once
 * for all entries of a batch. So it turns out later which key was there.
 */
struct dict_batch {
        struct dict *dict;
        enum dict_duplicate duplicate;
        /* Told of each duplicate, with the tag it was added with. */
        void (*tell)(void *ctx, struct span key, size_t tag);
        void *ctx;
        size_t count; /* begins as 0 */
        struct dict_entry entries[DICT_BATCH];
};

/* Adds a copy of key and value. Returns 0 or -ENOMEM, as dict_add does. */
int dict_batch_add(struct dict_batch *batch, struct span key, struct span value,
        size_t tag);

/* Ends a batch: from now on its keys are found. */
void dict_batch_end(struct dict_batch *batch);

/* Finds a value; it lives until the next dict_add or dict_fini. */
bool dict_find(
        const struct dict *dict, struct span key, struct span *ret_value);

#endif
