/* SPDX-License-Identifier: MIT */
/*
 * Text in an arena, for commands that run once: when there is no memory for
 * it, they end with a complaint and CLI_INTERNAL.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "base/arena.h"

#include <stdarg.h>

/* Never returns NULL. The memory is all zero. */
void *text_room(struct arena *arena, size_t size);

/* Return text that lives as long as the arena. */
char *text_copy(struct arena *arena, struct span bytes);
__attribute__((format(printf, 2, 3))) char *text_format(
        struct arena *arena, const char *format, ...);

__attribute__((format(printf, 2, 0))) char *text_format_list(
        struct arena *arena, const char *format, va_list args);

/*
 * Returns `text` with `old`, wherever it stands before one of the bytes `ends`
 * (NULL: any) or at the end, replaced by `replacement`.
 */
char *text_replace(struct arena *arena, const char *text, const char *old,
        const char *replacement, const char *ends);

/* Returns what follows the prefix, or NULL when the text begins otherwise. */
const char *text_after(const char *text, const char *prefix);

#endif
