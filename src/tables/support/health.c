/* SPDX-License-Identifier: MIT */
#include "tables/support/health.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>

/* For how long nobody gets an answer from a server that fails, in ms. */
#define SILENCE 1000

int health_init(
        struct health *health, const struct table_env *env, const char *server)
{
        *health = (struct health){
                .watcher = env->watcher,
                .server = server,
        };
        health->map = strdup(env->map != NULL ? env->map : "");
        return health->map != NULL ? 0 : -ENOMEM;
}

void health_fini(struct health *health)
{
        free(health->map);
}

/* why: NULL when it works again. */
static void tell(struct health *health, const char *why)
{
        health->has_failed = why != NULL;
        if (health->watcher != NULL)
                health->watcher->changed(health->map, health->server, why);
}

void health_answered(struct health *health)
{
        health->answered_at = events_now();
        if (health->has_failed)
                tell(health, NULL);
}

static const char *without_server(const struct health *health, const char *why)
{
        size_t size = strlen(health->server);

        if (strncmp(why, health->server, size) == 0 &&
                strncmp(why + size, ": ", 2) == 0)
                return why + size + 2;
        return why;
}

void health_failed(struct health *health, const char *why)
{
        if (health->has_failed ||
                (health->answered_at > 0 &&
                        events_now() - health->answered_at < SILENCE))
                return;
        tell(health, without_server(health, why));
}

void health_rest_in_part(
        struct health *health, const char *why, uint64_t interval)
{
        health->rests_until = events_now() + interval;
        reason_set(&health->reason, "%s: %s", health->server,
                without_server(health, why));
}

void health_lost_last(struct health *health)
{
        if (health_rests(health) && !health->has_failed)
                tell(health, without_server(health, health->reason.text));
}

void health_rest(struct health *health, const char *why, uint64_t interval)
{
        health_rest_in_part(health, why, interval);
        health_lost_last(health);
}

bool health_rests(const struct health *health)
{
        return events_now() < health->rests_until;
}

void health_end_rest(struct health *health)
{
        health->rests_until = 0;
}
