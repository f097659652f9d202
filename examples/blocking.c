/* SPDX-License-Identifier: MIT */
/*
 * A lookup that takes its time beside one that doesn't. The slow one runs on
 * worker threads, so the fast one never waits for it. Usage: blocking ENDPOINT
 */
#include <socketmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Stands for a database or a network: sleeps as many seconds as the key says,
 * and is answered TIMEOUT in its place if that is more than the deadline. */
static void slow(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        sleep((unsigned)strtoul(socketmap_request_key(request), NULL, 10));
        socketmap_reply_ok(request, "worth waiting for");
}

/* Never blocks, and so may run on the server's own thread. */
static void fast(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_ok(request, "here you are");
}

static int add_maps(struct socketmap_server *server)
{
        struct socketmap_maps *maps = socketmap_maps_new();
        int r = -1;

        if (maps != NULL &&
                socketmap_maps_add(maps, "slow", slow, NULL, NULL, 0) == 0 &&
                socketmap_maps_set_option(
                        maps, "slow", SOCKETMAP_MAP_WORKERS, 16) == 0 &&
                socketmap_maps_add(
                        maps, "fast", fast, NULL, NULL, SOCKETMAP_INLINE) == 0)
                r = socketmap_server_set_maps(server, maps);
        socketmap_maps_free(maps); /* the server keeps a reference */
        return r;
}

int main(int argc, char *argv[])
{
        struct socketmap_server *server = socketmap_server_new();
        struct socketmap_error error;

        if (argc != 2) {
                fprintf(stderr, "usage: blocking ENDPOINT\n");
                return 2;
        }
        if (add_maps(server) < 0)
                return 1;
        socketmap_server_set_limit(server, SOCKETMAP_LIMIT_DEADLINE, 10000);
        socketmap_server_listen(server, argv[1], NULL);
        if (socketmap_server_run(server) < 0 &&
                socketmap_server_get_error(server, &error))
                fprintf(stderr, "blocking: %s\n", error.text);
        socketmap_server_free(server);
        return 1; /* it serves until it is killed */
}
