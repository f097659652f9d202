/* SPDX-License-Identifier: MIT */
/* static:VALUE - the same value for every key. */
#include "base/braces.h"
#include "base/utf8.h"
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_static;

struct static_table {
        struct table table;
        size_t size;
        char value[];
};

/* The value as it stands, or what is inside of {}. */
static int parse(
        const char *argument, struct span *ret_value, struct reason *ret_reason)
{
        *ret_value = span_of(argument);
        if (argument[0] != '{')
                return 0;
        return braces_strip(*ret_value, ret_value, ret_reason);
}

static int check_static(const char *argument, struct reason *ret_reason)
{
        struct span value;

        return parse(argument, &value, ret_reason);
}

static struct table *open_static(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct static_table *table;
        struct span value;

        (void)env;
        if (parse(argument, &value, ret_reason) < 0)
                return NULL;
        table = malloc(sizeof(*table) + value.size);
        if (table == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "static");
                return NULL;
        }
        table->table = (struct table){
                .type = &table_type_static,
                .entries = SIZE_MAX,
                .is_text = utf8_is_valid(value),
        };
        table->size = value.size;
        memcpy(table->value, value.data, value.size);
        return &table->table;
}

static enum progress start_static(struct table *base, struct lookup *lookup)
{
        const struct static_table *table = (const struct static_table *)base;

        return lookup_found(lookup, (struct span){table->value, table->size});
}

static void close_static(struct table *table)
{
        free(table);
}

static const char manual[] =
        "A value with blanks or commas stands in braces.\n"
        "With a search order the first key that is looked up is found.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_uid_maps = static:5000\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map uid]\n"
        "table = static:5000\n"
        ".Ed\n";

const struct table_type table_type_static = {
        .name = "static",
        .manual = manual,
        .summary = "the same value for every key",
        .argument = "VALUE",
        .check = check_static,
        .open = open_static,
        .start = start_static,
        .close = close_static,
};
