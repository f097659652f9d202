/* SPDX-License-Identifier: MIT */
#include "tables/support/supply.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* How long a server that cannot be reached rests, in milliseconds. */
#define REST 1000

static void on_dialed(void *ctx, int fd, const struct reason *reason)
{
        struct supply *supply = ctx;

        supply->is_dialing = false;
        if (fd < 0)
                supply_rest(supply, reason->text);
        supply->done(supply->ctx, fd);
}

int supply_init(struct supply *supply, const struct table_env *env,
        const struct server *server, struct opener *opener,
        void (*done)(void *ctx, int fd), void *ctx)
{
        *supply = (struct supply){
                .server = server,
                .opener = opener,
                .done = done,
                .ctx = ctx,
                .watcher = env->watcher,
        };
        supply->map = strdup(env->map != NULL ? env->map : "");
        if (supply->map == NULL)
                return -ENOMEM;
        if (opener != NULL)
                return 0;
        supply->dialer = dialer_new(env, &server->address, on_dialed, supply);
        if (supply->dialer != NULL)
                return 0;
        free(supply->map);
        return -ENOMEM;
}

void supply_fini(struct supply *supply)
{
        dialer_close(supply->dialer);
        free(supply->map);
}

int supply_open(struct supply *supply, uint64_t *ret_time)
{
        struct opener *opener = supply->opener;
        struct reason reason;
        int fd;

        if (supply->is_dialing)
                return -EINPROGRESS;
        *ret_time = supply->rests_until;
        if (events_now() < supply->rests_until)
                return -EAGAIN;
        if (opener != NULL)
                fd = opener->open(opener, ret_time, &reason);
        else
                fd = dialer_start(supply->dialer, &reason);
        supply->is_dialing = fd == -EINPROGRESS;
        if (fd < 0 && fd != -EINPROGRESS && fd != -EAGAIN)
                supply_rest(supply, reason.text);
        return fd;
}

void supply_close(struct supply *supply, int fd, int error, bool has_answered)
{
        if (supply->opener != NULL)
                supply->opener->close(supply->opener, fd, error, has_answered);
        else
                close(fd);
}

static void tell(struct supply *supply, const char *why)
{
        supply->has_failed = why != NULL;
        if (supply->watcher != NULL)
                supply->watcher->changed(
                        supply->map, supply->server->name, why);
}

void supply_works(struct supply *supply)
{
        if (supply->has_failed)
                tell(supply, NULL);
}

void supply_rest(struct supply *supply, const char *why)
{
        uint64_t rest = supply->opener != NULL ? supply->opener->rest : REST;

        supply->rests_until = events_now() + rest;
        reason_set(&supply->reason, "%s: %s", supply->server->name, why);
        if (!supply->has_failed)
                tell(supply, why);
}

bool supply_rests(const struct supply *supply)
{
        return !supply->is_dialing && events_now() < supply->rests_until;
}
