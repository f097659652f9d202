/* SPDX-License-Identifier: MIT */
#include "daemon/signals.h"

#include "daemon/daemon.h"
#include "daemon/ending.h"
#include "daemon/reload.h"
#include "daemon/stats.h"

#include <signal.h>
#include <stddef.h>

static void end_by_term(struct daemon *daemon)
{
        ending_begin(daemon, "SIGTERM");
}

static void end_by_int(struct daemon *daemon)
{
        ending_begin(daemon, "SIGINT");
}

static void tell_stats(struct daemon *daemon)
{
        stats_tell(daemon->server, daemon->maps);
}

static const struct action {
        int number;
        void (*act)(struct daemon *daemon);
} actions[SIGNALS_HANDLED] = {
        {SIGTERM, end_by_term},
        {SIGINT, end_by_int},
        {SIGHUP, reload_begin},
        {SIGUSR1, tell_stats},
};

static void on_signal(uv_signal_t *handle, int number)
{
        for (size_t i = 0; i < SIGNALS_HANDLED; i++)
                if (actions[i].number == number)
                        actions[i].act(handle->data);
}

int signals_start(struct daemon *daemon)
{
        int r = 0;

        for (size_t i = 0; i < SIGNALS_HANDLED && r == 0; i++) {
                uv_signal_t *handle = &daemon->signals[i];

                r = uv_signal_init(&daemon->loop, handle);
                if (r < 0)
                        break;
                handle->data = daemon;
                r = uv_signal_start(handle, on_signal, actions[i].number);
        }
        return r;
}
