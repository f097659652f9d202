/* SPDX-License-Identifier: MIT */
/* unionmap:{type:name, ...} - the values of all members, joined by commas. */
#include "tables/support/members.h"

extern const struct table_type table_type_unionmap;

static struct span same_key(const struct members_walk *walk)
{
        return walk->asking->key;
}

/* Before an empty value there is a comma, after it none, as in Postfix. */
static char *append(char *at, const char *start, struct span value)
{
        if (at > start)
                *at++ = ',';
        memcpy(at, value.data, value.size);
        return at + value.size;
}

static enum progress join(struct members_walk *walk)
{
        size_t size = 0;
        char *text, *at;

        for (size_t i = 0; i < walk->found; i++) {
                if (walk->values[i].size >= SIZE_MAX - size)
                        return lookup_failed(walk->asking, "values too big");
                size += walk->values[i].size + 1;
        }
        text = at = arena_bytes(walk->asking->arena, size);
        if (text == NULL)
                return lookup_failed(
                        walk->asking, "out of memory for the values");
        for (size_t i = 0; i < walk->found; i++)
                at = append(at, text, walk->values[i]);
        if (at == text) /* nothing but empty values: Postfix finds none */
                return lookup_absent(walk->asking);
        return lookup_found(
                walk->asking, (struct span){text, (size_t)(at - text)});
}

static enum progress end_unionmap(struct members_walk *walk)
{
        if (walk->found == 0)
                return lookup_absent(walk->asking);
        if (walk->found == 1 && walk->values[0].size > 0)
                return lookup_found(walk->asking, walk->values[0]);
        return join(walk);
}

static const struct members_kind kind = {
        .type = &table_type_unionmap,
        .key = same_key,
        .end = end_unionmap,
};

static int check_unionmap(const char *argument, struct reason *ret_reason)
{
        return members_check(&table_type_unionmap, argument, ret_reason);
}

static struct table *open_unionmap(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        return members_open(env, &kind, argument, ret_reason);
}

static const char manual[] =
        "Asks every table of the list for the same key, and gives all the\n"
        "values that they have, in that order, joined by commas.\n"
        "The tables are separated by commas or white space; braces belong to\n"
        "the text of a table, never around one.\n"
        "They may be of any type, these types included.\n"
        ".Pp\n"
        "If one of them fails, so does the lookup.\n"
        "As in Postfix, the list is asked for whole keys only if its first\n"
        "table is, whatever the others are; and where all values are empty,\n"
        "nothing is found.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = unionmap:{texthash:/etc/postfix/a,\n"
        "    texthash:/etc/postfix/b}\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = unionmap:{texthash:/etc/postfix/a, texthash:/etc/postfix/b}\n"
        "search = virtual\n"
        ".Ed\n";

const struct table_type table_type_unionmap = {
        .name = "unionmap",
        .summary = "the values of all these tables, joined by commas",
        .argument = "{TABLE...}",
        .has_members = true,
        .manual = manual,
        .check = check_unionmap,
        .open = open_unionmap,
        .start = members_start,
        .cancel = members_cancel,
        .close = members_close,
};
