/* SPDX-License-Identifier: MIT */
#include "tables/support/dict.h"
#include "tables/support/siphash.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#define HUGE_SIZE ((size_t)2 * 1024 * 1024)
#define SLOTS_MIN ((size_t)16)
#define RECORDS_MIN ((size_t)1024)
#define RECORD_UNIT ((size_t)4) /* records begin at its multiples */

/*
 * Open addressing with linear probing. A slot has the record's place in units,
 * plus one: 0 is a free slot.
 */
struct dict_slot {
        uint32_t hash;
        uint32_t record;
};

/* What a record begins with; key and value follow. */
struct header {
        uint32_t key_size;
        uint32_t value_size;
};

int dict_init(struct dict *dict)
{
        *dict = (struct dict){.slot_count = SLOTS_MIN};
        if (getrandom(dict->seed, sizeof(dict->seed), 0) !=
                (ssize_t)sizeof(dict->seed))
                return -EIO;
        dict->slots = calloc(dict->slot_count, sizeof(*dict->slots));
        return dict->slots == NULL ? -ENOMEM : 0;
}

void dict_fini(struct dict *dict)
{
        free(dict->records);
        free(dict->slots);
        *dict = (struct dict){0};
}

static struct span key_at(
        const struct dict *dict, uint32_t record, struct header *ret_header)
{
        const char *at = dict->records + (record - 1) * RECORD_UNIT;

        memcpy(ret_header, at, sizeof(*ret_header));
        return (struct span){at + sizeof(*ret_header), ret_header->key_size};
}

/* Returns the slot of a key: its own, or the free one it may take. */
static struct dict_slot *find_slot(
        const struct dict *dict, uint32_t hash, struct span key)
{
        size_t mask = dict->slot_count - 1;

        for (size_t i = hash & mask;; i = (i + 1) & mask) {
                struct dict_slot *slot = &dict->slots[i];
                struct header header;

                if (slot->record == 0)
                        return slot;
                if (slot->hash == hash &&
                        span_equal(key_at(dict, slot->record, &header), key))
                        return slot;
        }
}

/*
 * Asks for huge pages, if there is room for one: slots are used at random, and
 * each would miss the TLB.
 */
static void ask_for_huge_pages(struct dict_slot *slots, size_t size)
{
        size_t skip = (size_t) - (uintptr_t)slots % HUGE_SIZE;

        if (size >= skip + HUGE_SIZE)
                madvise((char *)slots + skip, size - skip, MADV_HUGEPAGE);
}

static int grow_slots(struct dict *dict)
{
        size_t count = dict->slot_count * 2;
        struct dict_slot *slots = calloc(count, sizeof(*slots));

        if (slots == NULL)
                return -ENOMEM;
        ask_for_huge_pages(slots, count * sizeof(*slots));
        for (size_t i = 0; i < dict->slot_count; i++) {
                size_t to = dict->slots[i].hash & (count - 1);

                if (dict->slots[i].record == 0)
                        continue;
                while (slots[to].record != 0)
                        to = (to + 1) & (count - 1);
                slots[to] = dict->slots[i];
        }
        free(dict->slots);
        dict->slots = slots;
        dict->slot_count = count;
        return 0;
}

/* Makes room for `size` more bytes of records. */
static int grow_records(struct dict *dict, size_t size)
{
        size_t capacity = dict->capacity == 0 ? RECORDS_MIN : dict->capacity;
        char *records;

        if (size <= dict->capacity - dict->size)
                return 0;
        while (capacity - dict->size < size) {
                if (capacity > SIZE_MAX / 2)
                        return -ENOMEM;
                capacity *= 2;
        }
        records = realloc(dict->records, capacity);
        if (records == NULL)
                return -ENOMEM;
        dict->records = records;
        dict->capacity = capacity;
        return 0;
}

/* Writes a record behind the others. */
static int add_record(struct dict *dict, struct span key, struct span value,
        uint32_t *ret_record)
{
        struct header header = {(uint32_t)key.size, (uint32_t)value.size};
        size_t size, unit = dict->size / RECORD_UNIT;
        int error;

        if (key.size > UINT32_MAX || value.size > UINT32_MAX ||
                unit >= UINT32_MAX)
                return -ENOMEM;
        size = sizeof(header) + key.size + value.size + RECORD_UNIT - 1;
        size -= size % RECORD_UNIT;
        error = grow_records(dict, size);
        if (error < 0)
                return error;

        char *at = dict->records + dict->size;
        memcpy(at, &header, sizeof(header));
        at += sizeof(header);
        if (key.size > 0)
                memcpy(at, key.data, key.size);
        if (value.size > 0)
                memcpy(at + key.size, value.data, value.size);
        dict->size += size;
        *ret_record = (uint32_t)unit + 1;
        return 0;
}

/* Makes room for `count` more entries: a quarter of the slots stays free. */
static int reserve_slots(struct dict *dict, size_t count)
{
        int error = 0;

        while (error == 0 && dict->count + count > dict->slot_count / 4 * 3)
                error = grow_slots(dict);
        return error;
}

/* Returns false when its key had a slot already. */
static bool place_entry(struct dict *dict, const struct dict_entry *entry,
        enum dict_duplicate duplicate)
{
        struct header header;
        struct span key = key_at(dict, entry->record, &header);
        struct dict_slot *slot = find_slot(dict, entry->hash, key);
        bool is_new = slot->record == 0;

        if (is_new || duplicate == DICT_LAST_WINS)
                *slot = (struct dict_slot){entry->hash, entry->record};
        dict->count += is_new;
        return is_new;
}

int dict_add(struct dict *dict, struct span key, struct span value,
        enum dict_duplicate duplicate)
{
        struct dict_entry entry = {.hash = (uint32_t)siphash(dict->seed, key)};
        size_t size = dict->size;
        int error = reserve_slots(dict, 1);

        if (error == 0)
                error = add_record(dict, key, value, &entry.record);
        if (error < 0)
                return error;
        if (place_entry(dict, &entry, duplicate))
                return 1;
        if (duplicate == DICT_FIRST_WINS)
                dict->size = size; /* takes the record back */
        return 0;
}

int dict_batch_add(struct dict_batch *batch, struct span key, struct span value,
        size_t tag)
{
        struct dict *dict = batch->dict;
        uint32_t hash = (uint32_t)siphash(dict->seed, key);
        struct dict_entry *entry;
        int error;

        if (batch->count == DICT_BATCH)
                dict_batch_end(batch);
        error = reserve_slots(dict, batch->count + 1);
        if (error < 0)
                return error;
        __builtin_prefetch(&dict->slots[hash & (dict->slot_count - 1)], 1);
        entry = &batch->entries[batch->count];
        *entry = (struct dict_entry){.hash = hash, .tag = tag};
        error = add_record(dict, key, value, &entry->record);
        if (error == 0)
                batch->count++;
        return error;
}

void dict_batch_end(struct dict_batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                const struct dict_entry *entry = &batch->entries[i];
                struct header header;

                if (!place_entry(batch->dict, entry, batch->duplicate))
                        batch->tell(batch->ctx,
                                key_at(batch->dict, entry->record, &header),
                                entry->tag);
        }
        batch->count = 0;
}

bool dict_find(const struct dict *dict, struct span key, struct span *ret_value)
{
        uint32_t hash = (uint32_t)siphash(dict->seed, key);
        const struct dict_slot *slot = find_slot(dict, hash, key);
        struct header header;

        if (slot->record == 0)
                return false;
        key = key_at(dict, slot->record, &header);
        *ret_value = (struct span){key.data + key.size, header.value_size};
        return true;
}
