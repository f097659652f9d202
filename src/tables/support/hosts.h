/* SPDX-License-Identifier: MIT */
/*
 * The servers of one table, as Postfix names and chooses them: those on unix
 * sockets before all others, URIs last, and at random among equals; or in the
 * order of the list.
 *
 * A host that fails rests, as long as another one has not failed. When all have
 * failed each of them is tried once a second.
 *
 * Whoever sets a watcher is told of each change. For one thread at a time; what
 * a host is called never changes. Canaries, whose own failure is told, are
 * asked before there is a watcher.
 */
#ifndef TABLES_SUPPORT_HOSTS_H
#define TABLES_SUPPORT_HOSTS_H

#include "base/arena.h"
#include "tables/table.h"
#include <pthread.h>

/* How often hosts are tried when all have failed, in milliseconds. */
#define HOSTS_REST 1000

/* In the order in which they are chosen. */
enum host_kind { HOST_UNIX, HOST_INET, HOST_URI };

struct host {
        enum host_kind kind;
        const char *name;    /* for persons: without a URI's passwords */
        const char *address; /* a path; a name or an address; a whole URI */
        const char *port;    /* of HOST_INET; NULL: the usual one */
        bool is_down;
        uint64_t down_since;
};

struct hosts {
        struct host *list;
        size_t count, down;
        uint64_t retry_interval; /* milliseconds */
        bool is_in_order;        /* the first one that may be tried */
        uint64_t random;
        struct reason reason;                /* why the last one has failed */
        const struct table_watcher *watcher; /* NULL: nobody is told */
        const char *map;                     /* whose they are */
};

/*
 * Parses a list of hosts, separated by commas or blanks: "unix:PATH" or a
 * "/path", "inet:HOST:PORT" with or without "inet:" and ":PORT", an IPv6
 * address in brackets, and what has "://" in it, which is not looked into. All
 * is copied to the arena. retry_interval: in milliseconds. Returns 0; -EINVAL
 * with the reason, which quotes nothing where there may be a password; -ENOMEM
 * with the reason.
 */
int hosts_parse(struct span text, uint64_t retry_interval, struct arena *arena,
        struct hosts *ret_hosts, struct reason *ret_reason);

/*
 * Chooses whom to try to connect to, now (events_now). NULL: they all rest, and
 * hosts->reason says why.
 */
struct host *hosts_choose(struct hosts *hosts, uint64_t now);

/* Returns when there will be one to choose; 0: there is one. */
uint64_t hosts_rest_until(const struct hosts *hosts, uint64_t now);

/*
 * Says what has become of trying: it has answered, or failed. The reason gets
 * the host's name in front.
 */
void hosts_up(struct hosts *hosts, struct host *host);
void hosts_down(struct hosts *hosts, struct host *host, uint64_t now,
        const struct reason *reason);

/*
 * The same, for threads that share the hosts under a mutex: not held while the
 * watcher is told, as a log may take its time. why: NULL, and the host is up.
 */
void hosts_change(struct hosts *hosts, pthread_mutex_t *mutex,
        struct host *host, const struct reason *why);

#endif
