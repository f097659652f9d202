/* SPDX-License-Identifier: MIT */
#include "answering.h"
#include <assert.h>
#include <pthread.h>
#include <socketmap/server.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct answering {
        struct socketmap_server *server;
        pthread_t thread;
        char endpoint[128];
        char *key, *value;
};

static void answer_any(struct socketmap_request *request)
{
        const char *key = socketmap_request_key(request);

        if (strcmp(key, "nobody") == 0)
                socketmap_reply_notfound(request);
        else if (strcmp(key, "fail") == 0)
                socketmap_reply_temp(request, "as was asked for");
        else
                socketmap_reply_ok(request, key);
}

static void answer(struct socketmap_request *request, void *ctx)
{
        const struct answering *answering = ctx;
        size_t size = socketmap_request_key_size(request);

        if (answering->key == NULL)
                answer_any(request);
        else if (size == strlen(answering->key) &&
                 strncasecmp(socketmap_request_key(request), answering->key,
                         size) == 0)
                socketmap_reply_ok(request, answering->value);
        else
                socketmap_reply_notfound(request);
}

static void *run(void *ctx)
{
        struct answering *answering = ctx;

        socketmap_server_run(answering->server);
        return NULL;
}

struct answering *answering_start(
        const char *endpoint, const char *key, const char *value)
{
        struct answering *answering = calloc(1, sizeof(*answering));
        int r;

        if (key != NULL) {
                answering->key = strdup(key);
                answering->value = strdup(value);
        }
        answering->server = socketmap_server_new();
        socketmap_server_add_map(answering->server, "m", answer, answering,
                SOCKETMAP_INLINE | SOCKETMAP_BINARY);
        socketmap_server_listen(answering->server, endpoint, NULL);
        r = socketmap_server_get_endpoint(answering->server, 0,
                answering->endpoint, sizeof(answering->endpoint));
        assert(r == 0);
        r = pthread_create(&answering->thread, NULL, run, answering);
        assert(r == 0);
        (void)r;
        return answering;
}

const char *answering_endpoint(const struct answering *answering)
{
        return answering->endpoint;
}

size_t answering_accepted(const struct answering *answering)
{
        return socketmap_server_get_count(
                answering->server, SOCKETMAP_COUNT_ACCEPTED);
}

size_t answering_connections(const struct answering *answering)
{
        return socketmap_server_get_count(
                answering->server, SOCKETMAP_COUNT_CONNECTIONS);
}

void answering_stop(struct answering *answering)
{
        if (answering == NULL)
                return;
        socketmap_server_stop(answering->server);
        pthread_join(answering->thread, NULL);
        socketmap_server_free(answering->server);
        free(answering->key);
        free(answering->value);
        free(answering);
}
