/* SPDX-License-Identifier: MIT */
/*
 * A command of Redis with a key in it. It is split into words before the key
 * goes in, and each word is an argument of its own, with its length in front:
 * whatever is in a key, it is never another argument or command.
 */
#ifndef TABLES_REDIS_COMMAND_H
#define TABLES_REDIS_COMMAND_H

#include "base/arena.h"
#include "base/report.h"
#include "tables/support/channel.h"
#include <stdbool.h>

struct template;

struct redis_command {
        const struct template *words; /* the arena's */
        size_t count;
        bool is_hash; /* the reply has names and values in turn */
};

/*
 * Parses "COMMAND WORD..." with %s and the like in the words. Commands that
 * write, block or change the connection are refused. Returns 0, -EINVAL with
 * the reason, or -ENOMEM with the reason.
 */
int redis_command_parse(struct span text, struct arena *arena,
        struct redis_command *ret_command, struct reason *ret_reason);

/*
 * Writes the command for a key that meets the words' needs (db_common_allows).
 * Returns 0 or -ENOMEM. The arena is for the words on their way.
 */
int redis_command_write(const struct redis_command *command, struct span key,
        struct arena *arena, struct bytes *out);

/* Returns the command for a key as a person would type it, or NULL. */
const char *redis_command_show(const struct redis_command *command,
        struct span key, struct arena *arena);

/* Writes any command. Returns 0 or -ENOMEM. */
int redis_words_write(
        const struct span *words, size_t count, struct bytes *out);

#endif
