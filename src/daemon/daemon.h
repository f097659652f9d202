/* SPDX-License-Identifier: MIT */
/*
 * The daemon's parts, put together. What a part needs for itself alone is in
 * its own struct; the parts further up (signals, reload and takeover) know
 * this one.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/control.h"
#include "daemon/fdstore.h"
#include "daemon/listeners.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/takeover.h"
#include "daemon/upkeep.h"
#include <socketmap/server.h>
#include <stdbool.h>
#include <uv.h>

struct config;
struct events;
struct maps;
struct reload;

enum { SIGNALS_HANDLED = 4 };

struct daemon {
        uv_loop_t loop;
        struct events *events; /* of the loop, for tables */
        uv_signal_t signals[SIGNALS_HANDLED];
        const char *file;      /* the configuration's */
        struct config *config; /* in force */
        struct maps *maps;     /* the configuration's */
        struct socketmap_server *server;
        struct listeners listeners;
        struct log_limit log_limit;
        struct upkeep upkeep;  /* of the maps */
        struct reload *reload; /* under way, or NULL */
        bool reload_again;     /* once more after it */
        struct notify_watchdog watchdog;
        struct takeover takeover; /* from another daemon, by another */
        struct control control;
        struct fdstore fdstore;
        bool is_single;         /* one client, on stdin and stdout */
        uv_timer_t end_timer;   /* for what is given away */
        const char *end_reason; /* why it ends; NULL: it doesn't */
        bool stores;            /* it ends by giving to fdstore */
        bool ends_at_once;
};

#endif
