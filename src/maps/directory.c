/* SPDX-License-Identifier: MIT */
#include "maps/directory.h"
#include "base/braces.h"
#include "tables/spec.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct directory {
        atomic_uint references;
        struct arena arena;
        struct map_options *maps; /* in the order of the configuration */
        size_t count;
};

/* name: NULL for any. */
static int find_name(
        void *ctx, const struct table_type *type, struct span argument)
{
        const char *name = ctx;

        return type != NULL && strcmp(type->name, "map") == 0 &&
               (name == NULL || span_equal(argument, span_of(name)));
}

/* In a list of domains there are tables, too, each maybe behind a "!". */
static bool is_in_domains(const char *domain, const char *name)
{
        struct span rest = span_of(domain != NULL ? domain : ""), word;

        while (word_next(&rest, &word)) {
                while (word.size > 0 && word.data[0] == '!') {
                        word.data++;
                        word.size--;
                }
                if (spec_walk(word, find_name, (void *)name) != 0)
                        return true;
        }
        return false;
}

/* Whether a map is made of that one; NULL: of any. */
static bool names(const struct map_options *map, const char *name)
{
        return spec_walk(span_of(map->table), find_name, (void *)name) != 0 ||
               is_in_domains(map->domain, name);
}

bool directory_is_needed(const struct map_options *map)
{
        return names(map, NULL);
}

/* Whether any of the maps is made of this one. */
static bool is_named(
        const struct map_options *maps, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (names(&maps[i], name))
                        return true;
        return false;
}

static int add(struct directory *directory, const struct map_options *map)
{
        int r = map_options_copy(
                map, &directory->arena, &directory->maps[directory->count]);

        if (r == 0)
                directory->count++;
        return r;
}

/* Mostly no map is made of others, which costs one look at each. */
static bool is_any_needed(const struct map_options *maps, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (directory_is_needed(&maps[i]))
                        return true;
        return false;
}

struct directory *directory_new(const struct map_options *maps, size_t count)
{
        struct directory *directory = calloc(1, sizeof(*directory));
        int r = 0;

        if (directory == NULL)
                return NULL;
        atomic_init(&directory->references, 1);
        arena_init(&directory->arena, NULL, 0, SIZE_MAX);
        if (!is_any_needed(maps, count))
                return directory;
        directory->maps = calloc(count, sizeof(*directory->maps));
        if (directory->maps == NULL)
                r = -ENOMEM;
        for (size_t i = 0; i < count && r == 0; i++)
                if (is_named(maps, count, maps[i].name))
                        r = add(directory, &maps[i]);
        if (r == 0)
                return directory;
        directory_unref(directory);
        return NULL;
}

struct directory *directory_ref(struct directory *directory)
{
        if (directory != NULL)
                atomic_fetch_add(&directory->references, 1);
        return directory;
}

void directory_unref(struct directory *directory)
{
        if (directory == NULL ||
                atomic_fetch_sub(&directory->references, 1) != 1)
                return;
        arena_fini(&directory->arena);
        free(directory->maps);
        free(directory);
}

const struct map_options *directory_find(
        const struct directory *directory, const char *name)
{
        for (size_t i = 0; directory != NULL && i < directory->count; i++)
                if (strcmp(directory->maps[i].name, name) == 0)
                        return &directory->maps[i];
        return NULL;
}

bool directory_is_same(const struct directory *a, const struct directory *b)
{
        if (a == NULL || b == NULL)
                return a == b;
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!map_options_are_same(&a->maps[i], &b->maps[i]))
                        return false;
        return true;
}
