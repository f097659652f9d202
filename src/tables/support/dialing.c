/* SPDX-License-Identifier: MIT */
#include "tables/support/dialing.h"
#include "base/events.h"
#include <errno.h>

void dialing_init(struct dialing *dialing, struct events *events,
        struct hosts *hosts,
        int (*start)(
                void *ctx, const struct host *host, struct reason *ret_reason),
        void (*rested)(void *ctx), void *ctx)
{
        *dialing = (struct dialing){
                .hosts = hosts,
                .events = events,
                .start = start,
                .rested = rested,
                .ctx = ctx,
        };
}

int dialing_open(struct dialing *dialing)
{
        if (dialing->event == NULL)
                dialing->event = event_new(
                        dialing->events, NULL, dialing->rested, dialing->ctx);
        return dialing->event != NULL ? 0 : -ENOMEM;
}

void dialing_close(struct dialing *dialing)
{
        event_free(dialing->event);
        dialing->event = NULL;
}

/* One host after another, until one is called. */
void dialing_want(struct dialing *dialing)
{
        struct hosts *hosts = dialing->hosts;
        uint64_t now = events_now();
        struct reason reason;

        if (dialing->host != NULL)
                return;
        while ((dialing->host = hosts_choose(hosts, now)) != NULL) {
                if (dialing->start(dialing->ctx, dialing->host, &reason) == 0)
                        return;
                hosts_down(hosts, dialing->host, now, &reason);
        }
        event_at(dialing->event, hosts_rest_until(hosts, now));
}

struct host *dialing_end(struct dialing *dialing, const struct reason *failure)
{
        struct host *host = dialing->host;

        dialing->host = NULL;
        if (failure != NULL)
                hosts_down(dialing->hosts, host, events_now(), failure);
        return host;
}

const struct reason *dialing_obstacle(const struct dialing *dialing)
{
        if (dialing->host != NULL ||
                hosts_rest_until(dialing->hosts, events_now()) == 0)
                return NULL;
        return &dialing->hosts->reason;
}
