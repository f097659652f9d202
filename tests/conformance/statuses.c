/* SPDX-License-Identifier: MIT */
/*
 * A server on libsocketmap whose answers the client chooses by the key, so
 * that a test can see what a mail program makes of each.
 *
 *     statuses ENDPOINT...
 *
 * Prints the endpoints it really listens on and "ready", a line each. For each
 * line on stdin it prints its counters on one line; at the end of stdin it
 * ends. Maps:
 *
 *     status  "ok", "notfound", "temp", "timeout", "perm": that status; see
 *             answers[] below for the rest; other keys are not found
 *     echo    the key between brackets
 *     size    as many "x" as the key says in decimal
 */
#include <pthread.h>
#include <socketmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *key;
        enum socketmap_status status;
        const char *text;
        size_t size;
} answers[] = {
        {"ok", SOCKETMAP_OK, "value", 5},
        {"spaces", SOCKETMAP_OK, " two  spaces ", 13},
        {"empty", SOCKETMAP_OK, "", 0},
        {"nul", SOCKETMAP_OK, "a\0b", 3},
        {"latin1", SOCKETMAP_OK, "caf\xe9", 4},
        {"notfound", SOCKETMAP_NOTFOUND, "", 0},
        {"temp", SOCKETMAP_TEMP, "no luck today", 13},
        {"timeout", SOCKETMAP_TIMEOUT, "too late", 8},
        {"perm", SOCKETMAP_PERM, "never again", 11},
};

static void answer_status(struct socketmap_request *request, void *ctx)
{
        const char *key = socketmap_request_key(request);

        (void)ctx;
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                if (strcmp(key, answers[i].key) == 0) {
                        socketmap_reply(request, answers[i].status,
                                answers[i].text, answers[i].size);
                        return;
                }
        }
        socketmap_reply_notfound(request);
}

static void answer_echo(struct socketmap_request *request, void *ctx)
{
        char *value;

        (void)ctx;
        if (asprintf(&value, "[%s]", socketmap_request_key(request)) < 0)
                return;
        socketmap_reply_ok(request, value);
        free(value);
}

static void answer_size(struct socketmap_request *request, void *ctx)
{
        size_t size = strtoul(socketmap_request_key(request), NULL, 10);
        char *value = malloc(size + 1);

        (void)ctx;
        if (value == NULL)
                return;
        memset(value, 'x', size);
        socketmap_reply(request, SOCKETMAP_OK, value, size);
        free(value);
}

static void print_counters(const struct socketmap_server *server)
{
        const char *name;

        for (int i = 1; (name = socketmap_counter_name(i)) != NULL; i++)
                printf("%s=%llu ", name,
                        (unsigned long long)socketmap_server_get_count(
                                server, i));
        puts("");
}

/* Stands by the test's commands; the end of them is the end of the server. */
static void *follow_stdin(void *ctx)
{
        struct socketmap_server *server = ctx;
        char line[80];

        while (fgets(line, sizeof(line), stdin) != NULL)
                print_counters(server);
        socketmap_server_stop(server);
        return NULL;
}

static void print_endpoints(const struct socketmap_server *server)
{
        char endpoint[256];

        for (size_t i = 0; socketmap_server_get_endpoint(
                                   server, i, endpoint, sizeof(endpoint)) == 0;
                i++)
                puts(endpoint);
        puts("ready");
}

int main(int argc, char **argv)
{
        struct socketmap_server *server = socketmap_server_new();
        struct socketmap_error error;
        pthread_t thread;

        setvbuf(stdout, NULL, _IOLBF, 0);
        socketmap_server_add_map(
                server, "status", answer_status, NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                server, "echo", answer_echo, NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(server, "size", answer_size, NULL, 0);
        for (int i = 1; i < argc; i++)
                socketmap_server_listen(server, argv[i], NULL);
        if (socketmap_server_get_error(server, &error)) {
                fprintf(stderr, "statuses: %s\n", error.text);
                return 1;
        }
        print_endpoints(server);
        if (pthread_create(&thread, NULL, follow_stdin, server) != 0)
                return 1;
        socketmap_server_run(server);
        pthread_join(thread, NULL);
        socketmap_server_free(server);
        return 0;
}
