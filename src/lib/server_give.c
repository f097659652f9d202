/* SPDX-License-Identifier: MIT */
/* Connections that go from one process to another. */
#include "lib/link.h"
#include "lib/server.h"

#include <errno.h>
#include <unistd.h>

int socketmap_server_give(struct socketmap_server *server,
        void (*give)(void *ctx, const struct socketmap_connection *connection),
        void *ctx)
{
        if (server == NULL)
                return -ENOMEM;
        if (server->draining || server->drain_wanted)
                return -EALREADY;
        server->core.receiver = (struct receiver){give, ctx};
        /* Not here: this may be called from a lookup of a connection. */
        server->give_wanted = true;
        server_wake(server);
        return 0;
}

void server_start_giving(struct socketmap_server *server)
{
        struct link *link = server->core.oldest, *newer;

        server->give_wanted = false;
        server->draining = true;
        while (server->listeners != NULL) {
                struct listener *listener = server->listeners;

                server->listeners = listener->next;
                listener_leave(listener);
        }
        for (; link != NULL; link = newer) {
                newer = link->newer;
                link_give(link);
        }
}

int socketmap_server_take(struct socketmap_server *server,
        const struct socketmap_connection *connection)
{
        struct scope *scope;
        int r;

        if (server == NULL || server->draining) {
                close(connection->fd);
                return server == NULL ? -ENOMEM : -ECANCELED;
        }
        uv_update_time(server->core.loop);
        scope = server_find_scope(server, connection->listener);
        r = link_open(&server->core, scope != NULL ? scope : &server->scope,
                connection->fd);
        if (r < 0)
                return r;
        if (connection->unread_size > 0)
                r = link_feed(server->core.newest, connection->unread,
                        connection->unread_size);
        server_wake(server);
        return r;
}
