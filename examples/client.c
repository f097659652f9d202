/* SPDX-License-Identifier: MIT */
/*
 * Asks a server for some keys over one connection, as Postfix does.
 * Usage: client ENDPOINT MAP KEY...
 */
#include <socketmap.h>
#include <stdio.h>
#include <string.h>

/* Prints what the server says of a key. Returns 0 when it has answered. */
static int ask(
        struct socketmap_client *client, const char *map, const char *key)
{
        struct socketmap_result result;
        struct socketmap_error error;

        if (socketmap_client_lookup(
                    client, map, key, strlen(key), &result, &error) < 0) {
                /* Nothing is known about the key: it may well exist. */
                fprintf(stderr, "client: %s\n", error.text);
                return -1;
        }
        printf("%s: %s %s\n", key, socketmap_status_name(result.status),
                result.text);
        return 0;
}

int main(int argc, char *argv[])
{
        struct socketmap_client *client;
        struct socketmap_error error;
        int status = 0;

        if (argc < 4) {
                fprintf(stderr, "usage: client ENDPOINT MAP KEY...\n");
                return 2;
        }
        if (socketmap_client_new(argv[1], &client, &error) < 0) {
                fprintf(stderr, "client: %s\n", error.text);
                return 1;
        }
        socketmap_client_set_timeout(client, 10000);
        for (int i = 3; i < argc; i++)
                if (ask(client, argv[2], argv[i]) < 0)
                        status = 1;
        socketmap_client_free(client);
        return status;
}
