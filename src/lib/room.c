/* SPDX-License-Identifier: MIT */
#include "lib/room.h"
#include "lib/link.h"

/* How long a new connection may take to ask its first question, in ms. */
enum { GRACE = 1000 };

/* Tells whether it never completed a request, and had the time to. */
static bool is_unused(const struct link *link, uint64_t now)
{
        /* Whoever sends a request by the byte has been at it since then. */
        uint64_t since = link->partial ? link->since : link->received;

        return link->used == 0 && now - since >= GRACE;
}

static struct link *find_unused(const struct core *core)
{
        uint64_t now = uv_now(core->loop);
        struct link *link = core->oldest;

        while (link != NULL && (!is_unused(link, now) || !link_is_idle(link)))
                link = link->newer;
        return link;
}

/* Tells whether a is the better one to close than b. */
static bool is_better(const struct link *a, const struct link *b)
{
        if (b == NULL || a->peer->count != b->peer->count)
                return b == NULL || a->peer->count > b->peer->count;
        return a->used < b->used;
}

static struct link *find_idle(const struct core *core)
{
        struct link *best = NULL;

        for (struct link *link = core->oldest; link != NULL;
                link = link->newer) {
                if (link->used != 0 && is_better(link, best) &&
                        link_is_idle(link))
                        best = link;
        }
        return best;
}

static void evict(struct core *core, struct link *link, const char *why)
{
        char peer[64];

        peer_format(link->peer, peer, sizeof(peer));
        counters_add(&core->counters, SOCKETMAP_COUNT_EVICTED, 1);
        core_log(core, SOCKETMAP_LOG_WARNING,
                "closed a connection of %s to make room: %s", peer, why);
        link_close(link);
}

static struct link *find(const struct core *core)
{
        struct link *link = find_unused(core);

        return link != NULL ? link : find_idle(core);
}

bool room_exists(const struct core *core)
{
        return find(core) != NULL;
}

bool room_make(struct core *core)
{
        struct link *link = find(core);

        if (link == NULL)
                return false;
        evict(core, link, "too many connections");
        return true;
}

static struct link *find_largest(const struct core *core)
{
        struct link *best = core->oldest;

        for (struct link *link = best; link != NULL; link = link->newer) {
                if (link->charged > best->charged)
                        best = link;
        }
        return best;
}

void room_shrink(struct core *core)
{
        struct link *link;

        while (core->memory >
                limits_get(&core->limits, SOCKETMAP_LIMIT_MEMORY)) {
                link = find_largest(core);
                if (link == NULL)
                        return;
                evict(core, link, "too much memory for unfinished requests");
        }
}
