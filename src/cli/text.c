/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
        if (memory != NULL)
                return memory;
        complain("%s", strerror(ENOMEM));
        exit(CLI_INTERNAL);
}

void *text_room(struct arena *arena, size_t size)
{
        return memset(need(arena_alloc(arena, size)), 0, size);
}

char *text_copy(struct arena *arena, struct span bytes)
{
        return need(arena_copy(arena, bytes));
}

char *text_format_list(struct arena *arena, const char *format, va_list args)
{
        char *text, *copy;
        int size = vasprintf(&text, format, args);

        copy = size < 0 ? need(NULL)
                        : arena_copy(arena, (struct span){text, (size_t)size});
        if (size >= 0)
                free(text);
        return need(copy);
}

char *text_format(struct arena *arena, const char *format, ...)
{
        va_list args;
        char *text;

        va_start(args, format);
        text = text_format_list(arena, format, args);
        va_end(args);
        return text;
}

static bool ends_there(char byte, const char *ends)
{
        return ends == NULL || strchr(ends, byte) != NULL;
}

char *text_replace(struct arena *arena, const char *text, const char *old,
        const char *replacement, const char *ends)
{
        char *result = text_copy(arena, SPAN_LITERAL(""));
        size_t size = strlen(old);
        const char *found = text;

        while ((found = strstr(found, old)) != NULL) {
                found += size;
                if (!ends_there(*found, ends))
                        continue;
                result = text_format(arena, "%s%.*s%s", result,
                        (int)(found - size - text), text, replacement);
                text = found;
        }
        return text_format(arena, "%s%s", result, text);
}

const char *text_after(const char *text, const char *prefix)
{
        size_t size = strlen(prefix);

        return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}
