/* SPDX-License-Identifier: MIT */
#include "config/include.h"

#include <errno.h>
#include <glob.h>

#define WILDCARDS "*?["

/* Returns directory/name; with `escapes`, for glob(3). */
static char *join(const char *directory, bool escapes, const char *name,
        struct arena *arena)
{
        size_t size = 2 * strlen(directory) + strlen(name) + 2;
        char *path = arena_bytes(arena, size), *end = path;

        if (path == NULL)
                return NULL;
        for (const char *from = directory; *from != '\0'; from++) {
                if (escapes && strchr(WILDCARDS "\\", *from) != NULL)
                        *end++ = '\\';
                *end++ = *from;
        }
        if (end[-1] != '/')
                *end++ = '/';
        memcpy(end, name, strlen(name) + 1);
        return path;
}

/* A directory that isn't there has no files; one that is must be read. */
static int stops_at(const char *path, int error)
{
        (void)path;
        return error != ENOENT && error != ENOTDIR;
}

static int add_one(
        const char *file, struct arena *arena, struct included *included)
{
        const char *copy = arena_copy(arena, span_of(file));

        if (copy == NULL)
                return -ENOMEM;
        included->files[included->count++] = copy;
        return 0;
}

static int copy_all(
        const glob_t *found, struct arena *arena, struct included *included)
{
        int r = 0;

        included->files =
                arena_alloc(arena, found->gl_pathc * sizeof(*included->files));
        if (included->files == NULL)
                return -ENOMEM;
        for (size_t i = 0; i < found->gl_pathc && r == 0; i++)
                r = add_one(found->gl_pathv[i], arena, included);
        return r;
}

static int match(const char *pattern, struct arena *arena,
        struct included *included, struct reason *ret_reason)
{
        glob_t found = {0};
        int error = glob(pattern, 0, stops_at, &found);
        int r = 0;

        if (error == 0) {
                r = copy_all(&found, arena, included);
        } else if (error == GLOB_NOSPACE) {
                r = -ENOMEM;
        } else if (error != GLOB_NOMATCH) {
                reason_set(
                        ret_reason, "%s: cannot read the directory", pattern);
                r = -EACCES;
        }
        globfree(&found);
        return r;
}

int include_expand(const char *pattern, const char *directory,
        struct arena *arena, struct included *ret_included,
        struct reason *ret_reason)
{
        bool has_wildcards = strpbrk(pattern, WILDCARDS) != NULL;

        *ret_included = (struct included){NULL, 0};
        if (*pattern != '/')
                pattern = join(directory, has_wildcards, pattern, arena);
        if (pattern == NULL)
                return -ENOMEM;
        if (has_wildcards)
                return match(pattern, arena, ret_included, ret_reason);
        ret_included->files = arena_alloc(arena, sizeof(*ret_included->files));
        if (ret_included->files == NULL)
                return -ENOMEM;
        return add_one(pattern, arena, ret_included);
}
