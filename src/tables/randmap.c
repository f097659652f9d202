/* SPDX-License-Identifier: MIT */
/* randmap:{value, ...} - one of these values, another one each time. */
#include "base/braces.h"
#include "base/utf8.h"
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

extern const struct table_type table_type_randmap;

struct randmap {
        struct table table;
        uint64_t random; /* the state of the generator */
        char *text;
        size_t count;
        struct span values[];
};

/* Finds the values: at least one, and at most what 32 bits count. */
static int parse(const char *argument, struct span *ret_list, size_t *ret_count,
        struct reason *ret_reason)
{
        struct span all = span_of(argument), rest, word;
        size_t count = 0;

        if (all.size > 0 && braces_size(all) == all.size)
                *ret_list = (struct span){argument + 1, all.size - 2};
        else
                *ret_list = (struct span){argument, 0};
        rest = *ret_list;
        while (word_next(&rest, &word))
                count++;
        if (count == 0 || count > UINT32_MAX) {
                reason_set(ret_reason,
                        "expected randmap:{VALUE, ...}, not \"randmap:%s\"",
                        argument);
                return -EINVAL;
        }
        *ret_count = count;
        return 0;
}

static int check_randmap(const char *argument, struct reason *ret_reason)
{
        struct span list;
        size_t count;

        return parse(argument, &list, &count, ret_reason);
}

/* Any seed will do: nobody gains by a guess. */
static uint64_t make_seed(const void *address)
{
        uint64_t seed = (uintptr_t)address;

        (void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
        return seed;
}

static struct randmap *make(
        struct span list, size_t count, struct reason *ret_reason)
{
        struct randmap *map =
                malloc(sizeof(*map) + count * sizeof(map->values[0]));
        char *text = malloc(list.size);

        if (map == NULL || text == NULL) {
                free(map);
                free(text);
                reason_set_errno(ret_reason, -ENOMEM, "randmap");
                return NULL;
        }
        memcpy(text, list.data, list.size);
        map->text = text;
        map->random = make_seed(map);
        map->table = (struct table){
                .type = &table_type_randmap,
                .entries = SIZE_MAX,
                .is_pattern = true,
                .is_text = utf8_is_valid(list),
        };
        map->count = 0;
        return map;
}

static struct table *open_randmap(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct span list, word;
        struct randmap *map;
        size_t count;

        (void)env;
        if (parse(argument, &list, &count, ret_reason) < 0)
                return NULL;
        map = make(list, count, ret_reason);
        if (map == NULL)
                return NULL;
        list.data = map->text;
        while (word_next(&list, &word))
                map->values[map->count++] = word;
        return &map->table;
}

/* SplitMix64: cheap, and even enough to share a load. */
static uint64_t next_random(uint64_t *state)
{
        uint64_t bits = *state += 0x9e3779b97f4a7c15;

        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
        return bits ^ (bits >> 31);
}

static enum progress start_randmap(struct table *table, struct lookup *lookup)
{
        struct randmap *map = (struct randmap *)table;
        uint64_t random = next_random(&map->random) >> 32;

        return lookup_found(lookup, map->values[random * map->count >> 32]);
}

static void close_randmap(struct table *table)
{
        struct randmap *map = (struct randmap *)table;

        free(map->text);
        free(map);
}

static const char manual[] =
        "Gives one of these values, chosen by chance, whatever the key.\n"
        "They are separated by commas or white space.\n"
        "As in Postfix, braces around a value protect what is in them, and\n"
        "are part of it.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "sender_dependent_default_transport_maps =\n"
        "    randmap:{smtp:[192.0.2.1], smtp:[192.0.2.2]}\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map relays]\n"
        "table = randmap:{smtp:[192.0.2.1], smtp:[192.0.2.2]}\n"
        ".Ed\n";

const struct table_type table_type_randmap = {
        .name = "randmap",
        .summary = "one of these values, chosen by chance",
        .argument = "{VALUE...}",
        .manual = manual,
        .check = check_randmap,
        .open = open_randmap,
        .start = start_randmap,
        .close = close_randmap,
};
