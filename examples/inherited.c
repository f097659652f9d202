/* SPDX-License-Identifier: MIT */
/*
 * Two listeners that somebody else has opened, as systemd does for a socket
 * unit: descriptors 3 and 4, told by LISTEN_FDS=2. The first serves the
 * server's maps, the second a set of its own. Usage: LISTEN_FDS=2 inherited
 */
#include <socketmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_FD 3

/* Serves one value for every key, the map's ctx. */
static void lookup(struct socketmap_request *request, void *ctx)
{
        socketmap_reply_ok(request, ctx);
}

/* Listens on `fd` with a map "greeting" that only this listener has. */
static int listen_with_own_maps(struct socketmap_server *server, int fd)
{
        struct socketmap_maps *maps = socketmap_maps_new();
        struct socketmap_listen_options *options =
                socketmap_listen_options_new();
        static char value[] = "hello, second";
        int r = -1;

        if (maps != NULL && options != NULL &&
                socketmap_maps_add(maps, "greeting", lookup, value, NULL,
                        SOCKETMAP_INLINE) == 0) {
                socketmap_listen_options_set_maps(options, maps);
                r = socketmap_server_listen_fd(server, fd, options);
        }
        socketmap_listen_options_free(options);
        socketmap_maps_free(maps); /* the listener keeps a reference */
        return r;
}

int main(void)
{
        const char *count = getenv("LISTEN_FDS");
        struct socketmap_server *server = socketmap_server_new();
        struct socketmap_error error;
        static char value[] = "hello, first";

        if (count == NULL || strcmp(count, "2") != 0) {
                fprintf(stderr, "inherited: needs two sockets (LISTEN_FDS)\n");
                return 2;
        }
        socketmap_server_add_map(
                server, "greeting", lookup, value, SOCKETMAP_INLINE);
        socketmap_server_listen_fd(server, FIRST_FD, NULL);
        listen_with_own_maps(server, FIRST_FD + 1);
        if (socketmap_server_run(server) < 0 &&
                socketmap_server_get_error(server, &error))
                fprintf(stderr, "inherited: %s\n", error.text);
        socketmap_server_free(server);
        return 1; /* it serves until it is killed */
}
