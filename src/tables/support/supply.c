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
        else
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
        if (opener != NULL)
                return 0;
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
        if (supply->opener != NULL)
                health_rest(&supply->health, why, supply->opener->rest);
        else if (supply->dialed == 0)
                health_rest(&supply->health, why, REST);
        else
                health_rest_in_part(&supply->health, why, REST);
}

bool supply_rests(const struct supply *supply)
{
        return !supply->is_dialing && health_rests(&supply->health);
}
