/* SPDX-License-Identifier: MIT */
#include "tables/support/shared_hosts.h"
#include "base/events.h"

void shared_hosts_init(struct shared_hosts *shared)
{
        *shared = (struct shared_hosts){.connected = 0};
        pthread_mutex_init(&shared->changes, NULL);
        pthread_mutex_init(&shared->mutex, NULL);
}

void shared_hosts_fini(struct shared_hosts *shared)
{
        pthread_mutex_destroy(&shared->mutex);
        pthread_mutex_destroy(&shared->changes);
}

/* Lets one more lookup try the hosts, if it may. The mutex is locked. */
static bool admit(struct shared_hosts *shared, uint64_t now)
{
        if (hosts_rest_until(&shared->hosts, now) > 0)
                return false;
        if (now - shared->admitted_at >= HOSTS_REST) {
                shared->admitted_at = now;
                shared->admitted = 0;
        }
        if (shared->admitted == shared->hosts.count)
                return false;
        shared->admitted++;
        return true;
}

bool shared_hosts_are_down(
        struct shared_hosts *shared, struct reason *ret_reason)
{
        struct hosts *hosts = &shared->hosts;
        uint64_t now = events_now();
        bool is_down;

        pthread_mutex_lock(&shared->mutex);
        is_down = shared->connected == 0 && hosts->down == hosts->count &&
                  !admit(shared, now);
        if (is_down)
                *ret_reason = hosts->reason;
        pthread_mutex_unlock(&shared->mutex);
        return is_down;
}

enum progress shared_hosts_start(struct shared_hosts *shared,
        struct workers *workers, struct lookup *lookup)
{
        struct reason why;

        if (lookup->finish != NULL) /* not a canary */
                hosts_watch(&shared->hosts);
        if (shared_hosts_are_down(shared, &why))
                return lookup_failed(lookup, "%s", why.text);
        return workers_start(workers, lookup);
}

/* How many might be tried, besides this one. */
static size_t count_others(const struct hosts *hosts, const struct host *host)
{
        size_t others = 0;

        for (size_t i = 0; i < hosts->count; i++)
                others += &hosts->list[i] != host && !hosts->list[i].is_down;
        return others;
}

struct host *shared_hosts_choose(
        struct shared_hosts *shared, uint64_t *deadline, struct lookup *lookup)
{
        struct hosts *hosts = &shared->hosts;
        uint64_t now = events_now();
        bool is_for_others;
        struct reason why;
        struct host *host;

        pthread_mutex_lock(&shared->mutex);
        host = hosts_choose_until(hosts, now, *deadline, &why);
        if (host != NULL) {
                *deadline = now +
                            (*deadline - now) / (count_others(hosts, host) + 1);
                /* Meanwhile the other threads leave it alone. */
                if (host->is_down)
                        host->down_since = now;
        }
        is_for_others = now < *deadline && shared->connected > 0;
        pthread_mutex_unlock(&shared->mutex);
        if (host == NULL && is_for_others)
                lookup->answer = ANSWER_NONE;
        else if (host == NULL)
                lookup_failed(lookup, "%s", why.text);
        return host;
}

void shared_hosts_connected(struct shared_hosts *shared, struct host *host)
{
        bool has_changed;

        pthread_mutex_lock(&shared->changes);
        pthread_mutex_lock(&shared->mutex);
        shared->connected++;
        host->up_at = events_now();
        has_changed = hosts_set_up(&shared->hosts, host);
        pthread_mutex_unlock(&shared->mutex);
        if (has_changed)
                hosts_tell(&shared->hosts, host, NULL);
        pthread_mutex_unlock(&shared->changes);
}

/*
 * Threads may hang for seconds in what began before others tried the host, too:
 * that must neither undo what these have found out, nor put off the next try.
 */
void shared_hosts_failed(struct shared_hosts *shared, struct host *host,
        uint64_t since, const struct reason *reason)
{
        uint64_t now = events_now();
        bool has_changed = false;

        pthread_mutex_lock(&shared->changes);
        pthread_mutex_lock(&shared->mutex);
        if (host->is_down && host->down_since > since)
                now = host->down_since;
        if (host->up_at <= since)
                has_changed = hosts_set_down(&shared->hosts, host, now, reason);
        pthread_mutex_unlock(&shared->mutex);
        if (has_changed)
                hosts_tell(&shared->hosts, host, reason);
        pthread_mutex_unlock(&shared->changes);
}

void shared_hosts_disconnected(struct shared_hosts *shared)
{
        pthread_mutex_lock(&shared->mutex);
        shared->connected--;
        pthread_mutex_unlock(&shared->mutex);
}
