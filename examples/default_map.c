/* SPDX-License-Identifier: MIT */
/*
 * One function for every map name: the default map. Here each customer has a
 * map of its own. Usage: default_map ENDPOINT
 */
#include <socketmap.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
        const char *customer;
        const char *key;
        const char *value;
} entries[] = {
        {"red", "info@example.com", "rosa@example.com"},
        {"red", "sales@example.com", "ruby@example.com"},
        {"blue", "info@example.net", "azul@example.net"},
};

static void lookup(struct socketmap_request *request, void *ctx)
{
        const char *name = socketmap_request_name(request);
        const char *key = socketmap_request_key(request);
        bool known = false;

        (void)ctx;
        for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
                if (strcmp(entries[i].customer, name) != 0)
                        continue;
                known = true;
                if (strcmp(entries[i].key, key) == 0) {
                        socketmap_reply_ok(request, entries[i].value);
                        return;
                }
        }
        /* NOTFOUND bounces mail: only for a customer that is known to have no
         * such key, never for a customer that is not known. */
        if (known)
                socketmap_reply_notfound(request);
        else
                socketmap_reply_temp(request, "no such customer");
}

int main(int argc, char *argv[])
{
        struct socketmap_server *server = socketmap_server_new();
        struct socketmap_error error;

        if (argc != 2) {
                fprintf(stderr, "usage: default_map ENDPOINT\n");
                return 2;
        }
        socketmap_server_set_default_map(
                server, lookup, NULL, SOCKETMAP_INLINE);
        socketmap_server_listen(server, argv[1], NULL);
        if (socketmap_server_run(server) < 0 &&
                socketmap_server_get_error(server, &error))
                fprintf(stderr, "default_map: %s\n", error.text);
        socketmap_server_free(server);
        return 1; /* it serves until it is killed */
}
