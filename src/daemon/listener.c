/* SPDX-License-Identifier: MIT */
#include "daemon/listener.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

void listener_free(struct listener *listener)
{
        if (listener == NULL)
                return;
        lock_close(&listener->lock);
        access_fini(&listener->access);
        free(listener->endpoint);
        free(listener->path);
        free(listener);
}

struct listener *listener_find(
        const struct listeners *listeners, const char *endpoint)
{
        struct listener *listener = listeners->list;

        while (listener != NULL && strcmp(listener->endpoint, endpoint) != 0)
                listener = listener->next;
        return listener;
}

struct listener *listener_new(
        struct listeners *owner, const struct config_listener *options)
{
        struct listener *listener = calloc(1, sizeof(*listener));
        bool is_unix = options->endpoint.kind == CONFIG_ENDPOINT_UNIX;

        if (listener == NULL)
                return NULL;
        *listener = (struct listener){
                .owner = owner,
                .endpoint = strdup(options->endpoint.text),
                .path = is_unix ? strdup(options->endpoint.rest) : NULL,
                .mode = options->mode,
                .uid = options->owner.uid,
                .gid = options->group.gid,
        };
        if (listener->endpoint == NULL || (is_unix && listener->path == NULL) ||
                access_init(&listener->access, options) < 0) {
                listener_free(listener);
                return NULL;
        }
        return listener;
}
