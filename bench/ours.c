/* SPDX-License-Identifier: MIT */
/*
 * libsocketmap on the same map as bare.c: the map "inline" looks up on the
 * loop, "worker" on worker threads, and "big" has one value of 100 kB.
 *
 * usage: ours ENDPOINT...
 */
#include "map.h"

#include <socketmap.h>

static void lookup(struct socketmap_request *request, void *ctx)
{
        const char *value = map_get(ctx, socketmap_request_key(request),
                socketmap_request_key_size(request));

        if (value == NULL)
                socketmap_reply_notfound(request);
        else
                socketmap_reply_ok(request, value);
}

static void lookup_big(struct socketmap_request *request, void *ctx)
{
        socketmap_reply(request, SOCKETMAP_OK, ctx, BIG_SIZE);
}

static void log_line(
        void *ctx, enum socketmap_log_level level, const char *line)
{
        (void)ctx;
        (void)level;
        fprintf(stderr, "ours: %s\n", line);
}

int main(int argc, char **argv)
{
        static struct map map;
        struct socketmap_server *server = socketmap_server_new();
        struct socketmap_error error = {0};

        map_init(&map);
        raise_descriptors();
        socketmap_server_set_log(server, log_line, NULL);
        socketmap_server_set_limit(server, SOCKETMAP_LIMIT_CONNECTIONS, 100000);
        socketmap_server_add_map(
                server, "inline", lookup, &map, SOCKETMAP_INLINE);
        socketmap_server_add_map(server, "worker", lookup, &map, 0);
        socketmap_server_add_map(
                server, "big", lookup_big, big_value(), SOCKETMAP_INLINE);
        for (int i = 1; i < argc; i++)
                socketmap_server_listen_fd(server, listen_on(argv[i]), NULL);
        puts("ready");
        fflush(stdout);
        if (socketmap_server_run(server) < 0) {
                socketmap_server_get_error(server, &error);
                die("ours: %s", error.text);
        }
        socketmap_server_free(server);
        return 0;
}
