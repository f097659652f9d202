/* SPDX-License-Identifier: MIT */
/* The maps of a server, swapped whole. */
#include "lib/asker.h"
#include "lib/error.h"
#include "lib/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void server_set_generation(struct socketmap_server *server, struct scope *scope,
        struct generation *generation)
{
        struct generation *old = scope->generation;

        scope->generation = generation;
        if (old == NULL)
                return;
        /* Not freed here: this may be called from one of its lookups. */
        generation_retire(old);
        old->next_dropped = server->dropped;
        server->dropped = old;
        server_wake(server);
}

struct scope *server_find_scope(
        struct socketmap_server *server, const char *name)
{
        struct scope *scope = server->scopes;

        while (scope != NULL &&
                (scope->name == NULL || strcmp(scope->name, name) != 0))
                scope = scope->next;
        return scope;
}

static struct scope *new_scope(
        struct socketmap_server *server, const char *name)
{
        struct scope *scope = calloc(1, sizeof(*scope));

        if (scope == NULL)
                return NULL;
        if (name != NULL) {
                scope->name = strdup(name);
                if (scope->name == NULL) {
                        free(scope);
                        return NULL;
                }
        }
        scope->parent = &server->scope;
        scope->next = server->scopes;
        server->scopes = scope;
        return scope;
}

int server_set_scope_maps(struct socketmap_server *server, struct scope *scope,
        struct socketmap_maps *maps)
{
        struct generation *generation = NULL;

        if (maps != NULL) {
                generation = generation_new(
                        &server->core.generations, maps, &asker_job_type);
                if (generation == NULL)
                        return -ENOMEM;
        }
        server_set_generation(server, scope, generation);
        return 0;
}

struct scope *server_get_scope(
        struct socketmap_server *server, const char *name, bool has_maps)
{
        struct scope *scope = NULL;

        if (name == NULL && !has_maps)
                return &server->scope;
        if (name != NULL)
                scope = server_find_scope(server, name);
        return scope != NULL ? scope : new_scope(server, name);
}

bool server_has_idle_scope(const struct socketmap_server *server)
{
        const struct scope *scope = server->scopes;

        while (scope != NULL && scope->users > 0)
                scope = scope->next;
        return scope != NULL;
}

void server_free_idle_scopes(struct socketmap_server *server)
{
        struct scope **place = &server->scopes;

        while (*place != NULL) {
                struct scope *scope = *place;

                if (scope->users > 0) {
                        place = &scope->next;
                        continue;
                }
                *place = scope->next;
                server_set_generation(server, scope, NULL);
                free(scope->name);
                free(scope);
        }
}

int socketmap_server_set_listener_maps(struct socketmap_server *server,
        const char *name, struct socketmap_maps *maps)
{
        struct scope *scope;

        if (server == NULL)
                return -ENOMEM;
        scope = server_find_scope(server, name);
        if (scope == NULL)
                return -ENOENT;
        return server_set_scope_maps(server, scope, maps);
}

/* Puts a set of maps into place, without keeping an error. */
static int set_maps(
        struct socketmap_server *server, struct socketmap_maps *maps)
{
        struct generation *generation;

        if (maps == NULL)
                return -ENOMEM;
        generation = generation_new(
                &server->core.generations, maps, &asker_job_type);
        if (generation == NULL)
                return -ENOMEM;
        server_set_generation(server, &server->scope, generation);
        return 0;
}

static int fail(struct socketmap_server *server, int code, const char *name)
{
        struct socketmap_error error;

        error_set(&error, code, "map \"%s\": %s", name,
                code == -EEXIST ? "there is one already" : strerror(-code));
        return server_fail(server, &error);
}

int socketmap_server_set_maps(
        struct socketmap_server *server, struct socketmap_maps *maps)
{
        int r;

        if (server == NULL)
                return -ENOMEM;
        r = set_maps(server, maps);
        return r < 0 ? fail(server, r, "*") : 0;
}

/* Swaps in a set with one map more. */
static int add_map(struct socketmap_server *server, const char *name,
        socketmap_lookup_fn *lookup, void *ctx, unsigned flags)
{
        const struct generation *now = server->scope.generation;
        struct socketmap_maps *maps;
        int r = -ENOMEM;

        maps = now != NULL ? maps_copy(now->maps) : socketmap_maps_new();
        if (maps != NULL)
                r = socketmap_maps_add(maps, name, lookup, ctx, NULL, flags);
        if (r == 0)
                r = set_maps(server, maps);
        socketmap_maps_free(maps);
        return r;
}

int socketmap_server_add_map(struct socketmap_server *server, const char *name,
        socketmap_lookup_fn *lookup, void *ctx, unsigned flags)
{
        int r;

        if (server == NULL)
                return -ENOMEM;
        r = name != NULL ? add_map(server, name, lookup, ctx, flags) : -EINVAL;
        return r < 0 ? fail(server, r, name != NULL ? name : "(NULL)") : 0;
}

int socketmap_server_set_default_map(struct socketmap_server *server,
        socketmap_lookup_fn *lookup, void *ctx, unsigned flags)
{
        int r;

        if (server == NULL)
                return -ENOMEM;
        r = add_map(server, NULL, lookup, ctx, flags);
        return r < 0 ? fail(server, r, "*") : 0;
}
