/* SPDX-License-Identifier: MIT */
/* btree:FILE - a sorted table of Berkeley DB. */
#include "tables/bdb/table.h"
#include "tables/support/path.h"

extern const struct table_type table_type_btree;

static int check_btree(const char *argument, struct reason *ret_reason)
{
        return path_check("btree", argument, ret_reason);
}

static struct table *open_btree(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        if (check_btree(file, ret_reason) < 0)
                return NULL;
        return bdb_open(env, &table_type_btree, file, ret_reason);
}

const struct table_type table_type_btree = {
        .name = "btree",
        .summary = "FILE.db, a sorted table of Berkeley DB by postmap(1)",
        .argument = "FILE",
        .manual = "The same as\n"
                  ".Cm hash\n"
                  "for a sorted file of Berkeley DB,\n"
                  ".Ar FILE Ns .db ,\n"
                  "as\n"
                  ".Dq postmap btree: Ns Ar FILE\n"
                  "makes it.\n"
                  ".Pp\n"
                  "In main.cf:\n"
                  ".Bd -literal -offset indent\n"
                  "virtual_alias_maps = btree:/etc/postfix/virtual\n"
                  ".Ed\n"
                  ".Pp\n"
                  "In socketmapd.conf:\n"
                  ".Bd -literal -offset indent\n"
                  "[map virtual]\n"
                  "table = btree:/etc/postfix/virtual\n"
                  "search = virtual\n"
                  ".Ed\n",
        .check = check_btree,
        .open = open_btree,
        .start = bdb_start,
        .close = bdb_close,
};
