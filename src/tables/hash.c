/* SPDX-License-Identifier: MIT */
/* hash:FILE - a hash table of Berkeley DB. */
#include "tables/bdb/table.h"
#include "tables/support/path.h"

extern const struct table_type table_type_hash;

static int check_hash(const char *argument, struct reason *ret_reason)
{
        return path_check("hash", argument, ret_reason);
}

static struct table *open_hash(const struct table_env *env, const char *file,
        struct reason *ret_reason)
{
        if (check_hash(file, ret_reason) < 0)
                return NULL;
        return bdb_open(env, &table_type_hash, file, ret_reason);
}

const struct table_type table_type_hash = {
        .name = "hash",
        .summary = "FILE.db, a hash table of Berkeley DB by postmap(1)",
        .argument = "FILE",
        .manual =
                "The hash table of Berkeley DB\n"
                ".Ar FILE Ns .db ,\n"
                "as\n"
                ".Dq postmap hash: Ns Ar FILE\n"
                "or\n"
                ".Xr makemap 8\n"
                "makes it; keys and values with or without a NUL behind them.\n"
                "All of it is read into memory, under the lock that postmap\n"
                "takes, and read again when the file has changed; while the\n"
                "file is rewritten, what was read before is answered.\n"
                ".Pp\n"
                "The file is first checked by another process, since a corrupt\n"
                "one may crash the library: then the map answers TEMP.\n"
                "When postmap was killed in the middle, the file may be sound\n"
                "and yet lack entries, here as in Postfix;\n"
                ".Cm lmdb\n"
                "and\n"
                ".Cm cdb\n"
                "files have all or nothing.\n"
                ".Pp\n"
                "This type is missing where Berkeley DB is not installed:\n"
                "write\n"
                ".Cm texthash\n"
                "and the same name, to read the source itself, or have postmap\n"
                "make an lmdb file of it.\n"
                ".Pp\n"
                "In main.cf:\n"
                ".Bd -literal -offset indent\n"
                "virtual_alias_maps = hash:/etc/postfix/virtual\n"
                ".Ed\n"
                ".Pp\n"
                "In socketmapd.conf:\n"
                ".Bd -literal -offset indent\n"
                "[map virtual]\n"
                "table = hash:/etc/postfix/virtual\n"
                "search = virtual\n"
                ".Ed\n",
        .check = check_hash,
        .open = open_hash,
        .start = bdb_start,
        .close = bdb_close,
};
