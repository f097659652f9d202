/* SPDX-License-Identifier: MIT */
/* environ:NAME - the process's environment. The name means nothing. */
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_environ;

static struct table *open_environ(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct table *table = calloc(1, sizeof(*table));

        (void)env;
        (void)argument;
        if (table == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "environ");
                return NULL;
        }
        table->type = &table_type_environ;
        table->entries = SIZE_MAX;
        return table;
}

static enum progress start_environ(struct table *table, struct lookup *lookup)
{
        struct span key = lookup->key;
        const char *name, *value;

        (void)table;
        if (key.size == 0 || memchr(key.data, '\0', key.size) != NULL)
                return lookup_absent(lookup);
        name = arena_copy(lookup->arena, key);
        if (name == NULL)
                return lookup_failed(lookup, "out of memory for the key");
        value = getenv(name);
        if (value == NULL)
                return lookup_absent(lookup);
        /* A copy: somebody may set the variable anew. */
        value = arena_copy(lookup->arena, span_of(value));
        if (value == NULL)
                return lookup_failed(lookup, "out of memory for the value");
        return lookup_found(lookup, span_of(value));
}

static void close_environ(struct table *table)
{
        free(table);
}

static const char manual[] =
        "The environment of this process: the key is the name of a variable.\n"
        "What stands after the colon means nothing, but has to be there.\n"
        ".Pp\n"
        "As in Postfix, keys are folded to lower case: variables with capital\n"
        "letters in their names are not found, unless\n"
        ".Ic fold\n"
        "says\n"
        ".Cm no .\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "relay_domains = environ:x\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map domains]\n"
        "table = environ:x\n"
        "search = relay-domains\n"
        ".Ed\n";

const struct table_type table_type_environ = {
        .name = "environ",
        .summary = "the environment of this process",
        .argument = "ANYTHING",
        .manual = manual,
        .open = open_environ,
        .start = start_environ,
        .close = close_environ,
};
