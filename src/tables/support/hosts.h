/* SPDX-License-Identifier: MIT */
/*
 * The servers of one table, as Postfix names and chooses them: those on unix
 * sockets before all others, URIs last, and at random among equals; or in the
 * order of the list.
 *
 * A host that fails rests, as long as another one has not failed. When all have
 * failed each of them is tried once a second.
 *
 * The watcher of the table is told of each change, from hosts_watch on. For one
 * thread at a time; what a host is called never changes.
 */
#ifndef TABLES_SUPPORT_HOSTS_H
#define TABLES_SUPPORT_HOSTS_H

#include "base/arena.h"
#include "tables/table.h"
#include <stdatomic.h>

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
        uint64_t up_at; /* for shared_hosts: when one was last connected */
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
        atomic_bool is_watched;
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
 * Whose hosts they are, and who is to be told. fallback: the name where there
 * is no map, for as long as the hosts; that of a map is copied to the arena.
 * Returns 0 or -ENOMEM.
 */
int hosts_belong(struct hosts *hosts, const struct table_env *env,
        const char *fallback, struct arena *arena);

/*
 * Has the watcher told, from now on. For lookups that are no canaries, as these
 * tell of their failures themselves. Any thread, at any time.
 */
void hosts_watch(struct hosts *hosts);

/*
 * Chooses whom to try to connect to, now (events_now). NULL: they all rest, and
 * hosts->reason says why.
 */
struct host *hosts_choose(struct hosts *hosts, uint64_t now);

/* The same for what has a deadline. NULL with the reason: that may be over. */
struct host *hosts_choose_until(struct hosts *hosts, uint64_t now,
        uint64_t deadline, struct reason *ret_reason);

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
 * It has answered over a connection that was made then. While new ones fail, an
 * old one says nothing of these: the host is up once none was tried for a
 * second longer than it has to rest.
 */
void hosts_answered(
        struct hosts *hosts, struct host *host, uint64_t made, uint64_t now);

/*
 * Up and down in two steps: what is to be done at once, which returns whether
 * that is a change, and telling of it. reason: NULL, and the host is up.
 */
bool hosts_set_up(struct hosts *hosts, struct host *host);
bool hosts_set_down(struct hosts *hosts, struct host *host, uint64_t now,
        const struct reason *reason);
void hosts_tell(const struct hosts *hosts, const struct host *host,
        const struct reason *reason);

#endif
