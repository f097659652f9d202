/* SPDX-License-Identifier: MIT */
#include "tables/support/supply.h"
#include "base/events.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* How long a server that cannot be reached rests, in milliseconds. */
#define REST 1000

/* With other connections left it has not failed. */
static void rest(struct supply *supply, const char *why, uint64_t interval)
{
        if (supply->dialed == 0)
                health_rest(&supply->health, why, interval);
        else
                health_rest_in_part(&supply->health, why, interval);
}

static void on_dialed(void *ctx, int fd, const struct reason *reason)
{
        struct supply *supply = ctx;
        uint64_t took = events_now() - supply->dialed_at;

        supply->is_dialing = false;
        /* It rests from the first try on, so what took long is begun anew. */
        if (fd < 0 && supply->opener != NULL)
                supply_rest(supply, reason->text);
        else if (fd < 0)
                rest(supply, reason->text, took < REST ? REST - took : 0);
        else if (supply->opener == NULL)
                supply->dialed++;
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
        };
        if (health_init(&supply->health, env, server->name) < 0)
                return -ENOMEM;
        if (opener != NULL) {
                opener->opened = on_dialed;
                opener->ctx = supply;
                return 0;
        }
        supply->dialer = dialer_new(env, &server->address, on_dialed, supply);
        if (supply->dialer != NULL)
                return 0;
        health_fini(&supply->health);
        return -ENOMEM;
}

void supply_fini(struct supply *supply)
{
        dialer_close(supply->dialer);
        health_fini(&supply->health);
}

int supply_open(struct supply *supply, uint64_t *ret_time)
{
        struct opener *opener = supply->opener;
        struct reason reason;
        int fd;

        if (supply->is_dialing)
                return -EINPROGRESS;
        *ret_time = supply->health.rests_until;
        if (health_rests(&supply->health))
                return -EAGAIN;
        if (opener != NULL)
                fd = opener->open(opener, ret_time, &reason);
        else
                fd = dialer_start(supply->dialer, &reason);
        if (opener == NULL && fd >= 0)
                supply->dialed++;
        supply->dialed_at = events_now();
        supply->is_dialing = fd == -EINPROGRESS;
        if (fd < 0 && fd != -EINPROGRESS && fd != -EAGAIN)
                supply_rest(supply, reason.text);
        return fd;
}

void supply_close(struct supply *supply, int fd, int error, bool has_answered)
{
        if (supply->opener != NULL) {
                supply->opener->close(supply->opener, fd, error, has_answered);
                return;
        }
        close(fd);
        if (--supply->dialed == 0 && error != -ECANCELED)
                health_lost_last(&supply->health);
}

void supply_rest(struct supply *supply, const char *why)
{
        rest(supply, why, supply->opener != NULL ? supply->opener->rest : REST);
}

bool supply_rests(const struct supply *supply)
{
        return !supply->is_dialing && health_rests(&supply->health);
}
