/* SPDX-License-Identifier: MIT */
/* tcp:HOST:PORT - a server of tcp_table(5) is asked, without waiting for it. */
#include "tables/support/remote.h"
#include "tables/table.h"
#include "tables/tcp/line.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct table_type table_type_tcp;

struct tcp_table {
        struct table table;
        struct server server;
        struct remote *remote;
        char *name; /* HOST:PORT */
};

static int write_request(const void *ctx, struct span key, struct bytes *out)
{
        (void)ctx;
        return tcp_line_write(key, out);
}

/* The whole text is decoded, in every reply: half a code is no reply. */
static int set_answer(const char *name, unsigned status, struct span text,
        struct lookup *lookup)
{
        char *copy = arena_bytes(lookup->arena, text.size + 1);
        ssize_t size;

        if (copy == NULL) {
                lookup_failed(lookup, "out of memory for the value");
                return 1;
        }
        size = tcp_line_decode(text, copy);
        if (size < 0) {
                lookup_failed(lookup,
                        "%s: the reply has a %% without two digits", name);
                return -EBADMSG;
        }
        switch (status / 100) {
        case 2:
                lookup_found(lookup, (struct span){copy, (size_t)size});
                return 1;
        case 5:
                lookup_absent(lookup);
                return 1;
        case 4:
                lookup_failed(
                        lookup, "%s: %u %.*s", name, status, (int)size, copy);
                return 1;
        default:
                lookup_failed(lookup,
                        "%s: the reply has a status that there is not: %u",
                        name, status);
                return -EBADMSG;
        }
}

static int read_reply(const void *ctx, struct span bytes, struct lookup *lookup,
        size_t *ret_size)
{
        const char *name = ctx, *end;
        struct span text;
        unsigned status;

        end = memchr(bytes.data, '\n',
                bytes.size < TCP_REPLY_MAX ? bytes.size : TCP_REPLY_MAX);
        if (end == NULL && bytes.size < TCP_REPLY_MAX)
                return 0;
        if (end == NULL) {
                lookup_failed(lookup, "%s: the reply is longer than %zu bytes",
                        name, TCP_REPLY_MAX);
                return -EBADMSG;
        }
        *ret_size = (size_t)(end - bytes.data) + 1;
        status =
                tcp_line_split((struct span){bytes.data, *ret_size - 1}, &text);
        if (status == 0) {
                lookup_failed(lookup,
                        "%s: the reply is no status of three digits, a blank "
                        "and a text",
                        name);
                return -EBADMSG;
        }
        return set_answer(name, status, text, lookup);
}

static const struct protocol protocol = {
        .request = write_request,
        .reply = read_reply,
};

static int read_address(const char *argument, struct address *ret_address,
        struct reason *ret_reason)
{
        char *text;
        int r;

        if (asprintf(&text, "inet:%s", argument) < 0) {
                reason_set_errno(ret_reason, -ENOMEM, "tcp:%s", argument);
                return -ENOMEM;
        }
        r = address_parse(span_of(text), ret_address, ret_reason);
        if (r < 0)
                reason_set(ret_reason, "expected tcp:HOST:PORT, not \"tcp:%s\"",
                        argument);
        free(text);
        return r;
}

static int check_tcp(const char *argument, struct reason *ret_reason)
{
        struct address address;

        return read_address(argument, &address, ret_reason);
}

static void close_tcp(struct table *base)
{
        struct tcp_table *table = (struct tcp_table *)base;

        remote_close(table->remote);
        free(table->name);
        free(table);
}

static struct table *open_tcp(const struct table_env *env, const char *argument,
        struct reason *ret_reason)
{
        struct address address;
        struct tcp_table *table;

        if (read_address(argument, &address, ret_reason) < 0)
                return NULL;
        table = calloc(1, sizeof(*table));
        if (table == NULL)
                goto fail;
        table->table = (struct table){
                .type = &table_type_tcp,
                .entries = SIZE_MAX,
                .pends = true,
                .is_pattern = true,
        };
        table->name = strdup(argument);
        if (table->name == NULL)
                goto fail;
        table->server = (struct server){
                .name = table->name,
                .address = address,
                .protocol = &protocol,
                .ctx = table->name,
        };
        table->remote = remote_new(env, &table->server, NULL);
        if (table->remote != NULL)
                return &table->table;

fail:
        if (table != NULL)
                close_tcp(&table->table);
        reason_set_errno(ret_reason, -ENOMEM, "tcp:%s", argument);
        return NULL;
}

static enum progress start_tcp(struct table *base, struct lookup *lookup)
{
        struct tcp_table *table = (struct tcp_table *)base;

        lookup_trace(lookup, "tcp: asks %s for \"%.*s\"", table->name,
                (int)lookup->key.size, lookup->key.data);
        return remote_start(table->remote, lookup);
}

static void cancel_tcp(struct table *base, struct lookup *lookup)
{
        remote_cancel(((struct tcp_table *)base)->remote, lookup);
}

static const char manual[] =
        "A server of the protocol of\n"
        ".Xr tcp_table 5 ,\n"
        "in lines of text: asked\n"
        ".Ql get Ar KEY ,\n"
        "it replies\n"
        ".Ql 200 Ar VALUE ,\n"
        ".Ql 500 Ar TEXT\n"
        "(not found) or\n"
        ".Ql 400 Ar TEXT\n"
        "(a failure), where %XX stands for a byte.\n"
        "As in Postfix, such a table is asked for whole keys only, other\n"
        "statuses that begin with 2, 5 or 4 mean the same, and a reply is no\n"
        "longer than 4096 bytes.\n"
        ".Pp\n"
        "No lookup waits for another one: the server is asked over up to 8\n"
        "connections, each with one request at a time.\n"
        "All other replies, lost connections and missed deadlines are\n"
        "failures, and end the connection.\n"
        "A lookup whose connection is closed before the reply is whole is\n"
        "asked once more, on a new one; a server that cannot be reached is\n"
        "tried once a second.\n"
        "Unlike Postfix it never sleeps in between.\n"
        ".Pp\n"
        "In main.cf:\n"
        ".Bd -literal -offset indent\n"
        "virtual_alias_maps = tcp:127.0.0.1:10002\n"
        ".Ed\n"
        ".Pp\n"
        "In socketmapd.conf:\n"
        ".Bd -literal -offset indent\n"
        "[map virtual]\n"
        "table = tcp:127.0.0.1:10002\n"
        ".Ed\n";

const struct table_type table_type_tcp = {
        .name = "tcp",
        .summary = "a server of tcp_table(5)",
        .argument = "HOST:PORT",
        .manual = manual,
        .check = check_tcp,
        .open = open_tcp,
        .start = start_tcp,
        .cancel = cancel_tcp,
        .close = close_tcp,
};
