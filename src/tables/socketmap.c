/* SPDX-License-Identifier: MIT */
/*
 * socketmap:ENDPOINT:NAME - another server of the protocol is asked, without
 * waiting for it.
 */
#include "tables/support/netstring_protocol.h"
#include "tables/support/remote.h"
#include "tables/table.h"
#include <errno.h>
#include <stdlib.h>

extern const struct table_type table_type_socketmap;

struct socketmap_table {
        struct table table;
        struct server server;
        struct remote *remote;
        struct netstring_peer peer;
        char *text; /* ENDPOINT, NUL, NAME, NUL */
};

/* Splits at the last colon, as Postfix does: the name holds none. */
static int split(const char *argument, struct address *ret_address,
        size_t *ret_size, struct reason *ret_reason)
{
        const char *colon = strrchr(argument, ':');
        const char *name = colon != NULL ? colon + 1 : argument;

        if (colon == NULL || strchr(name, ' ') != NULL) {
                reason_set(ret_reason,
                        "expected socketmap:ENDPOINT:NAME, not "
                        "\"socketmap:%s\"",
                        argument);
                return -EINVAL;
        }
        *ret_size = (size_t)(colon - argument);
        return address_parse(
                (struct span){argument, *ret_size}, ret_address, ret_reason);
}

static int check_socketmap(const char *argument, struct reason *ret_reason)
{
        struct address address;
        size_t size;

        return split(argument, &address, &size, ret_reason);
}

static void close_socketmap(struct table *base)
{
        struct socketmap_table *table = (struct socketmap_table *)base;

        remote_close(table->remote);
        free(table->text);
        free(table);
}

static struct table *open_socketmap(const struct table_env *env,
        const char *argument, struct reason *ret_reason)
{
        struct socketmap_table *table = calloc(1, sizeof(*table));
        size_t size;

        if (table == NULL)
                goto fail;
        if (split(argument, &table->server.address, &size, ret_reason) < 0) {
                free(table);
                return NULL;
        }
        table->table = (struct table){
                .type = &table_type_socketmap,
                .entries = SIZE_MAX,
                .pends = true,
                .is_pattern = true,
        };
        table->text = strdup(argument);
        if (table->text == NULL)
                goto fail;
        table->text[size] = '\0';
        table->peer.name = table->text;
        table->peer.map = table->text + size + 1;
        table->server.name = table->text;
        table->server.protocol = &netstring_protocol;
        table->server.ctx = &table->peer;
        table->remote = remote_new(env, &table->server, NULL);
        if (table->remote != NULL)
                return &table->table;

fail:
        if (table != NULL)
                close_socketmap(&table->table);
        reason_set_errno(ret_reason, -ENOMEM, "socketmap:%s", argument);
        return NULL;
}

static enum progress start_socketmap(struct table *base, struct lookup *lookup)
{
        struct socketmap_table *table = (struct socketmap_table *)base;

        lookup_trace(lookup, "socketmap: asks %s for \"%s %.*s\"",
                table->peer.name, table->peer.map, (int)lookup->key.size,
                lookup->key.data);
        return remote_start(table->remote, lookup);
}

static void cancel_socketmap(struct table *base, struct lookup *lookup)
{
        remote_cancel(((struct socketmap_table *)base)->remote, lookup);
}

static const char manual[] =
        "Another server of the protocol, this one's or any other.\n"
        "The endpoint is\n"
        ".Cm unix\\&: Ns Ar /path ,\n"
        ".Cm inet\\&: Ns Ar host Ns Cm \\&: Ns Ar port ,\n"
        ".Cm inet\\&: Ns Ar port\n"
        "(localhost) or\n"
        ".Cm inet:[ Ns Ar address Ns Cm ]: Ns Ar port .\n"
        "Its path has to be absolute.\n"
        "As in Postfix, such a table is asked for whole keys only.\n"
        ".Pp\n"
        "No lookup waits for another one: the server is asked over up to 8\n"
        "connections, each with one request at a time.\n"
        "A value is\n"
        ".Cm OK ,\n"
        "and only the server's own\n"
        ".Cm NOTFOUND\n"
        "is \"not found\".\n"
        "All other replies, lost connections and missed deadlines are\n"
        "failures.\n"
        "A lookup whose connection is closed before the reply is whole is\n"
        "asked once more, on a new one; a server that cannot be reached is\n"
        "tried once a second.\n"
        "Lengths with leading zeros are no netstrings here, though Postfix\n"
        "takes them.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = socketmap:inet:127.0.0.1:10001:virtual\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = socketmap:inet:127.0.0.1:10001:virtual\n"
        ".Ed\n";

const struct table_type table_type_socketmap = {
        .name = "socketmap",
        .summary = "another socketmap server",
        .argument = "ENDPOINT:NAME",
        .manual = manual,
        .check = check_socketmap,
        .open = open_socketmap,
        .start = start_socketmap,
        .cancel = cancel_socketmap,
        .close = close_socketmap,
};
