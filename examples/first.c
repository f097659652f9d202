/* SPDX-License-Identifier: MIT */
/* A first server: one map with one key. Usage: first ENDPOINT */
#include <socketmap.h>
#include <string.h>

static void lookup(struct socketmap_request *request, void *ctx)
{
        const char *key = socketmap_request_key(request);

        (void)ctx;
        if (strcmp(key, "postmaster@example.org") == 0)
                socketmap_reply_ok(request, "alice@example.org");
        else
                socketmap_reply_notfound(request);
}

int main(int argc, char *argv[])
{
        const char *endpoint = argc > 1 ? argv[1] : "inet:127.0.0.1:10700";
        struct socketmap_server *server = socketmap_server_new();

        socketmap_server_add_map(server, "virtual", lookup, NULL, 0);
        socketmap_server_listen(server, endpoint, NULL);
        return socketmap_server_run(server);
}
