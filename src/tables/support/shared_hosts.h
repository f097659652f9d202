/* SPDX-License-Identifier: MIT */
/*
 * The servers of a table that asks them from several threads, each with a
 * connection of its own. For any thread, but for what sets it up.
 */
#ifndef TABLES_SUPPORT_SHARED_HOSTS_H
#define TABLES_SUPPORT_SHARED_HOSTS_H

#include "tables/support/hosts.h"
#include "tables/support/workers.h"
#include <pthread.h>

struct shared_hosts {
        struct hosts hosts;      /* parsed by the owner; then under the mutex */
        pthread_mutex_t changes; /* a change is told before the next one */
        pthread_mutex_t mutex;   /* for all that follows, too */
        size_t connected;        /* threads that have a connection */
        uint64_t admitted_at;    /* since when lookups are counted that ... */
        size_t admitted; /* ... may try hosts, all of which have failed */
};

/* The hosts are parsed later. */
void shared_hosts_init(struct shared_hosts *shared);
void shared_hosts_fini(struct shared_hosts *shared);

/*
 * Says whether a lookup need not go to a thread, as that would only find out
 * that nobody can be asked: none is connected, all hosts have failed, and as
 * many lookups as there are hosts have gone to try them in this second. The
 * reason says why they have failed.
 */
bool shared_hosts_are_down(
        struct shared_hosts *shared, struct reason *ret_reason);

/*
 * start of a table with these workers: the lookup fails at once when a thread
 * would find out no more than that.
 */
enum progress shared_hosts_start(struct shared_hosts *shared,
        struct workers *workers, struct lookup *lookup);

/*
 * Chooses whom to try to connect to; one that has failed is tried by one thread
 * at a time. The deadline (events_now) becomes that of the try: others may have
 * to be tried in the rest of the time. Returns NULL when there is none, and the
 * lookup has failed; or it has no answer, as another thread is connected, which
 * it is to be left to.
 */
struct host *shared_hosts_choose(
        struct shared_hosts *shared, uint64_t *deadline, struct lookup *lookup);

/*
 * What has become of it: this thread is connected, until it says otherwise; or
 * the host has failed, which does not end a connection. since: when what failed
 * began (events_now); who has been connected to later has not failed by it. The
 * watcher is told while others may choose, as a log may take its time.
 */
void shared_hosts_connected(struct shared_hosts *shared, struct host *host);
void shared_hosts_failed(struct shared_hosts *shared, struct host *host,
        uint64_t since, const struct reason *reason);
void shared_hosts_disconnected(struct shared_hosts *shared);

#endif
