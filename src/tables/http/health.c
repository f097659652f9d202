/* SPDX-License-Identifier: MIT */
#include "tables/http/health.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

int http_health_init(struct http_health *health, const struct table_env *env,
        const char *server)
{
        *health = (struct http_health){
                .watcher = env->watcher,
                .server = server,
        };
        health->map = strdup(env->map != NULL ? env->map : "");
        return health->map != NULL ? 0 : -ENOMEM;
}

void http_health_fini(struct http_health *health)
{
        free(health->map);
}

/* why: NULL when it works again. */
static void tell(struct http_health *health, const char *why)
{
        health->has_failed = why != NULL;
        if (health->watcher != NULL)
                health->watcher->changed(health->map, health->server, why);
}

void http_health_answered(struct http_health *health)
{
        health->answered_at = events_now();
        health->rests_until = 0;
        if (health->has_failed)
                tell(health, NULL);
}

/* The reason has the server's name in front, which the watcher gets, too. */
static const char *without_server(
        const struct http_health *health, const char *why)
{
        size_t size = strlen(health->server);

        if (strncmp(why, health->server, size) == 0 &&
                strncmp(why + size, ": ", 2) == 0)
                return why + size + 2;
        return why;
}

static void tell_failure(
        struct http_health *health, const struct reason *reason)
{
        if (!health->has_failed)
                tell(health, without_server(health, reason->text));
}

void http_health_failed(struct http_health *health, const struct reason *reason)
{
        if (health->answered_at == 0 ||
                events_now() - health->answered_at >= HTTP_REST)
                tell_failure(health, reason);
}

void http_health_rest(struct http_health *health, const struct reason *reason)
{
        tell_failure(health, reason);
        health->rests_until = events_now() + HTTP_REST;
        health->reason = *reason;
}

bool http_health_rests(const struct http_health *health)
{
        return events_now() < health->rests_until;
}
