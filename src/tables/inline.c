/* SPDX-License-Identifier: MIT */
/*
 * inline:{key=value, {key = value with blanks, and commas}, ...} - a table
 * written into the configuration.
 */
#include "base/braces.h"
#include "base/utf8.h"
#include "tables/support/exact.h"
#include <errno.h>

extern const struct table_type table_type_inline;

/* An error at a place in the table's text, counted from 1. */
static int fail_at(const char *argument, const char *at, const char *what,
        struct reason *ret_reason)
{
        reason_set(ret_reason, "inline: %s at character %zu of %s", what,
                (size_t)(at - argument) + 1, argument);
        return -EINVAL;
}

/* Splits "key = value". */
static int split(const char *argument, struct span entry, struct span *ret_key,
        struct span *ret_value, struct reason *ret_reason)
{
        const char *at;
        size_t size;

        entry = trim(entry);
        if (entry.size == 0)
                return fail_at(argument, entry.data, "expected key = value",
                        ret_reason);
        size = exact_key_size(entry, '=');
        if (size == SIZE_MAX)
                return fail_at(argument, entry.data,
                        "expected another '\"' after the one in the key",
                        ret_reason);
        *ret_key = (struct span){entry.data, size};
        for (at = entry.data + size; at < entry.data + entry.size; at++)
                if (!byte_is_space(*at))
                        break;
        if (at == entry.data + entry.size || *at != '=')
                return fail_at(
                        argument, at, "expected '=' after the key", ret_reason);
        at++;
        *ret_value =
                trim((struct span){at, (size_t)(entry.data + entry.size - at)});
        return 0;
}

static void tell_duplicate(void *ctx, struct span key, size_t tag)
{
        (void)tag;
        report_at(ctx, SEVERITY_WARNING, NULL,
                "inline: duplicate key \"%.*s\": the last one counts",
                (int)key.size, key.data);
}

static int add(struct exact *table, struct span key, struct span value,
        struct reason *ret_reason)
{
        int error = exact_add(table, key, value, 0);

        if (error < 0)
                reason_set_errno(ret_reason, error, "inline");
        return error;
}

/* Adds one word of the table: key=value or {key = value}. */
static int add_word(struct exact *table, const char *argument, struct span word,
        struct reason *ret_reason)
{
        struct span key, value;
        int error;

        if (word.data[0] == '{') {
                size_t size = braces_size(word);

                if (size < word.size)
                        return fail_at(argument, word.data + size,
                                "expected ',' or a blank after '}'",
                                ret_reason);
                word = (struct span){word.data + 1, size - 2};
        }
        error = split(argument, word, &key, &value, ret_reason);
        if (error < 0)
                return error;
        return add(table, key, value, ret_reason);
}

static int fill(
        struct exact *table, const char *argument, struct reason *ret_reason)
{
        struct span all = span_of(argument), word;
        size_t size = braces_size(all);

        if (!utf8_is_valid(all)) {
                reason_set(ret_reason, "inline: not UTF-8: %s", argument);
                return -EINVAL;
        }
        if (size == 0)
                return fail_at(argument, argument,
                        "expected {key=value, ...}, balanced,", ret_reason);
        if (size < all.size)
                return fail_at(argument, argument + size,
                        "expected nothing after the last '}'", ret_reason);
        all = (struct span){argument + 1, size - 2};
        if (!word_next(&all, &word))
                return fail_at(argument, argument + 1, "expected key=value",
                        ret_reason);
        do {
                int error = add_word(table, argument, word, ret_reason);
                if (error < 0)
                        return error;
        } while (word_next(&all, &word));
        return 0;
}

static struct table *open_inline(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        const struct duplicates duplicates = {
                DICT_LAST_WINS, tell_duplicate, env->report};
        struct exact *table =
                exact_new(env, &table_type_inline, &duplicates, ret_reason);

        if (table == NULL)
                return NULL;
        if (fill(table, argument, ret_reason) < 0) {
                exact_free(table);
                return NULL;
        }
        return exact_finish(table);
}

static void say_nothing(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        (void)line;
}

/* All of it is in the argument: what can be wrong shows when it is read. */
static int check_inline(const char *argument, struct reason *ret_reason)
{
        struct report nobody = {.say = say_nothing};
        struct table_env env = {.report = &nobody};
        struct table *table = open_inline(&env, argument, ret_reason);

        if (table == NULL)
                return ret_reason->code == -EINVAL ? -EINVAL : 0;
        exact_close(table);
        return 0;
}

static const char manual[] =
        "Entries stand between commas or blanks.\n"
        "One with blanks or commas in it stands in braces, with blanks around its\n"
        "equals sign if wanted; a key with blanks also in double quotes, which are then\n"
        "part of the key.\n"
        "Of two values for the same key the last counts, with a warning.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_domains = inline:{ {example.org = ours}, example.net=ours }\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map domains]\n"
        "table = inline:{ {example.org = ours}, example.net=ours }\n"
        ".Ed\n";

const struct table_type table_type_inline = {
        .name = "inline",
        .manual = manual,
        .summary = "entries written here: {key=value, {key = value}, ...}",
        .argument = "{ENTRY...}",
        .check = check_inline,
        .open = open_inline,
        .start = exact_start,
        .close = exact_close,
};
