/* SPDX-License-Identifier: MIT */
/* pipemap:{type:name, ...} - each member's value is the next one's key. */
#include "tables/support/members.h"

extern const struct table_type table_type_pipemap;

static struct span next_key(const struct members_walk *walk)
{
        return walk->found == 0 ? walk->asking->key
                                : walk->values[walk->found - 1];
}

static enum progress end_pipemap(struct members_walk *walk)
{
        return lookup_found(walk->asking, walk->values[walk->found - 1]);
}

static const struct members_kind kind = {
        .type = &table_type_pipemap,
        .needs_all = true,
        .key = next_key,
        .end = end_pipemap,
};

static int check_pipemap(const char *argument, struct reason *ret_reason)
{
        return members_check(&table_type_pipemap, argument, ret_reason);
}

static struct table *open_pipemap(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        return members_open(env, &kind, argument, ret_reason);
}

static const char manual[] =
        "Asks the first table of the list for the key, the next one for the\n"
        "value of that, and so on; the last one's value is the result.\n"
        "Where one has none, nothing is found, and the rest is not asked.\n"
        "The list is written as that of\n"
        ".Cm unionmap .\n"
        ".Pp\n"
        "If a table fails, so does the lookup.\n"
        "As in Postfix, the list is asked for whole keys only if its first\n"
        "table is, whatever the others are.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "transport_maps = pipemap:{texthash:/etc/postfix/customers,\n"
        "    texthash:/etc/postfix/servers}\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map transport]\n"
        "table = pipemap:{texthash:/etc/postfix/customers,\n"
        "    texthash:/etc/postfix/servers}\n"
        "search = transport\n"
        ".Ed\n";

const struct table_type table_type_pipemap = {
        .name = "pipemap",
        .summary = "each of these tables asked for the value of the one before",
        .argument = "{TABLE...}",
        .has_members = true,
        .manual = manual,
        .check = check_pipemap,
        .open = open_pipemap,
        .start = members_start,
        .cancel = members_cancel,
        .close = members_close,
};
