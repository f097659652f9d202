/* SPDX-License-Identifier: MIT */
/* fail:TEXT - every lookup fails, whatever the key. */
#include "base/braces.h"
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_fail;

struct fail_table {
        struct table table;
        size_t size;
        char text[];
};

static int parse(
        const char *argument, struct span *ret_text, struct reason *ret_reason)
{
        *ret_text = span_of(argument);
        if (argument[0] != '{')
                return 0;
        return braces_strip(*ret_text, ret_text, ret_reason);
}

static int check_fail(const char *argument, struct reason *ret_reason)
{
        struct span text;

        return parse(argument, &text, ret_reason);
}

static struct table *open_fail(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct fail_table *table;
        struct span text;

        (void)env;
        if (parse(argument, &text, ret_reason) < 0)
                return NULL;
        table = malloc(sizeof(*table) + text.size);
        if (table == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "fail");
                return NULL;
        }
        table->table = (struct table){
                .type = &table_type_fail,
                .entries = SIZE_MAX,
                .is_pattern = true,
        };
        table->size = text.size;
        memcpy(table->text, text.data, text.size);
        return &table->table;
}

static enum progress start_fail(struct table *base, struct lookup *lookup)
{
        const struct fail_table *table = (const struct fail_table *)base;

        return lookup_failed(lookup, "%.*s", (int)table->size, table->text);
}

static void close_fail(struct table *table)
{
        free(table);
}

static const char manual[] =
        "The text is the reason that clients are given.\n"
        "One with blanks or commas stands in braces.\n"
        ".Pp\n"
        "It is for tests, and for a place that has to be filled until something else\n"
        "stands there.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "check_recipient_access = fail:{the table is away}\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map away]\n"
        "table = fail:{the table is away}\n"
        ".Ed\n";

const struct table_type table_type_fail = {
        .name = "fail",
        .manual = manual,
        .summary = "every lookup fails with this text",
        .argument = "TEXT",
        .check = check_fail,
        .open = open_fail,
        .start = start_fail,
        .close = close_fail,
};
