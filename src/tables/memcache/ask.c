/* SPDX-License-Identifier: MIT */
#include "tables/memcache/ask.h"
#include "base/events.h"
#include <stdlib.h>

/* What may be on its way to memcached while nobody waits for it. */
#define STORES_MAX 64

enum stage { STAGE_GET, STAGE_PAUSE, STAGE_BACKUP };

/* A lookup on its way, in its asker's arena. */
struct walk {
        struct memcache *memcache;
        struct lookup *asking;
        struct lookup lookup; /* to memcached, or to the backup */
        enum stage stage;
        struct span key; /* in memcached; data NULL: none */
        bool is_absent;  /* there */
        uint64_t tries;
        struct event *event; /* of the pause */
};

/* A value on its way to memcached, whose asker has its answer. */
struct memcache_store {
        TAILQ_ENTRY(memcache_store) link;
        struct memcache *memcache;
        struct lookup lookup;
        struct arena arena;
};

static enum progress try_again(struct walk *walk);
static void come_back(struct lookup *lookup);

static void free_store(struct memcache_store *store)
{
        struct memcache *memcache = store->memcache;

        TAILQ_REMOVE(&memcache->stores, store, link);
        memcache->store_count--;
        arena_fini(&store->arena);
        free(store);
}

/* As in Postfix it does not matter what has come of it. */
static void stored(struct lookup *lookup)
{
        free_store(lookup->owner);
}

void memcache_end_stores(struct memcache *memcache)
{
        struct memcache_store *store = TAILQ_FIRST(&memcache->stores), *next;

        for (; store != NULL; store = next) {
                next = TAILQ_NEXT(store, link);
                remote_cancel(memcache->remote, &store->lookup);
                free_store(store);
        }
}

static struct memcache_store *new_store(struct walk *walk)
{
        struct memcache *memcache = walk->memcache;
        struct memcache_store *store = calloc(1, sizeof(*store));

        if (store == NULL)
                return NULL;
        arena_init(&store->arena, NULL, 0, SIZE_MAX);
        store->memcache = memcache;
        store->lookup = (struct lookup){
                .deadline = events_now() + memcache->timeout,
                .arena = &store->arena,
                .finish = walk->asking->finish != NULL ? stored : NULL,
                .owner = store,
        };
        TAILQ_INSERT_TAIL(&memcache->stores, store, link);
        memcache->store_count++;
        return store;
}

/* Writes what the backup has to memcached. */
static void store_value(struct walk *walk, struct span value)
{
        struct memcache *memcache = walk->memcache;
        struct memcache_store *store = NULL;

        if (memcache->is_read_only || walk->key.data == NULL ||
                !walk->is_absent || value.size > memcache->limits.data)
                return;
        if (memcache->store_count < STORES_MAX)
                store = new_store(walk);
        if (store == NULL)
                return;
        lookup_trace(walk->asking, "memcache: %s: set %.*s",
                memcache->server.name, (int)walk->key.size, walk->key.data);
        if (memcache_set(walk->key, value, memcache->flags, memcache->ttl,
                    &store->arena, &store->lookup.key) < 0 ||
                remote_start(memcache->remote, &store->lookup) == LOOKUP_DONE)
                free_store(store);
}

/* Says what memcached or the backup has said. */
static enum progress answer(struct walk *walk)
{
        struct lookup *asking = walk->asking;

        asking->answer = walk->lookup.answer;
        asking->value = walk->lookup.value;
        asking->reason = walk->lookup.reason;
        if (asking->answer == ANSWER_NONE)
                return lookup_failed(asking, "memcache: no answer");
        return LOOKUP_DONE;
}

static enum progress take_backup(struct walk *walk)
{
        if (walk->lookup.answer == ANSWER_FOUND)
                store_value(walk, walk->lookup.value);
        return answer(walk);
}

/* The key is folded already if this table folds its keys. */
static enum progress ask_backup(struct walk *walk)
{
        struct table *backup = walk->memcache->backup;
        enum progress progress;

        walk->stage = STAGE_BACKUP;
        walk->lookup.key = walk->asking->key;
        walk->lookup.deadline = walk->asking->deadline;
        walk->lookup.answer = ANSWER_NONE;
        lookup_trace(walk->asking, "memcache: asks the backup");
        progress = table_start(backup, &walk->lookup);
        return progress == LOOKUP_PENDING ? progress : take_backup(walk);
}

static void end_pause(struct walk *walk)
{
        event_free(walk->event);
        walk->event = NULL;
}

static void on_pause_over(void *ctx)
{
        struct walk *walk = ctx;

        end_pause(walk);
        if (try_again(walk) == LOOKUP_DONE)
                walk->asking->finish(walk->asking);
}

/* Returns whether it waits now, to ask once more then. */
static bool pause_then_ask(struct walk *walk)
{
        struct memcache *memcache = walk->memcache;
        uint64_t then = events_now() + memcache->pause;

        if (walk->tries >= memcache->tries || walk->asking->finish == NULL ||
                remote_rests(memcache->remote) ||
                then >= walk->asking->deadline)
                return false;
        walk->event = event_new(memcache->events, NULL, on_pause_over, walk);
        if (walk->event == NULL)
                return false;
        walk->stage = STAGE_PAUSE;
        event_at(walk->event, then);
        return true;
}

/* memcached has failed. */
static enum progress take_failure(struct walk *walk)
{
        struct memcache *memcache = walk->memcache;

        lookup_trace(walk->asking, "memcache: %s: %s", memcache->server.name,
                walk->lookup.reason.text);
        if (memcache->backup != NULL) {
                memcache->rests_until = events_now() + memcache->pause;
                return ask_backup(walk);
        }
        return pause_then_ask(walk) ? LOOKUP_PENDING : answer(walk);
}

static enum progress take_get(struct walk *walk)
{
        switch (walk->lookup.answer) {
        case ANSWER_FOUND:
                return answer(walk);
        case ANSWER_ABSENT:
                walk->is_absent = true;
                return walk->memcache->backup != NULL ? ask_backup(walk)
                                                      : answer(walk);
        case ANSWER_NONE:
        case ANSWER_FAILED:
        default:
                return take_failure(walk);
        }
}

/* For the backup half of the time is left, whatever happens to memcached. */
static uint64_t deadline_of(const struct walk *walk)
{
        uint64_t now = events_now(), last = walk->asking->deadline;
        uint64_t deadline = now + walk->memcache->timeout;

        if (walk->memcache->backup != NULL && last != UINT64_MAX)
                last = now + (last > now ? (last - now) / 2 : 0);
        return deadline < last ? deadline : last;
}

static enum progress try_again(struct walk *walk)
{
        struct memcache *memcache = walk->memcache;
        enum progress progress;

        walk->stage = STAGE_GET;
        walk->tries++;
        walk->lookup.answer = ANSWER_NONE;
        walk->lookup.deadline = deadline_of(walk);
        lookup_trace(walk->asking, "memcache: %s: get %.*s",
                memcache->server.name, (int)walk->key.size, walk->key.data);
        if (memcache_get(walk->key, walk->asking->arena, &walk->lookup.key) < 0)
                return lookup_failed(walk->asking, "out of memory");
        progress = remote_start(memcache->remote, &walk->lookup);
        return progress == LOOKUP_PENDING ? progress : take_get(walk);
}

static void come_back(struct lookup *lookup)
{
        struct walk *walk = lookup->owner;
        enum progress progress = walk->stage == STAGE_BACKUP ? take_backup(walk)
                                                             : take_get(walk);

        if (progress == LOOKUP_DONE)
                walk->asking->finish(walk->asking);
}

enum progress memcache_start(
        struct memcache *memcache, struct lookup *lookup, struct span key)
{
        struct walk *walk = arena_alloc(lookup->arena, sizeof(*walk));

        if (walk == NULL)
                return lookup_failed(lookup, "out of memory");
        *walk = (struct walk){
                .memcache = memcache,
                .asking = lookup,
                .lookup = *lookup,
                .key = key,
        };
        walk->lookup.finish = lookup->finish != NULL ? come_back : NULL;
        walk->lookup.owner = walk;
        lookup->state = walk;
        if (key.data != NULL && events_now() >= memcache->rests_until)
                return try_again(walk);
        if (memcache->backup != NULL)
                return ask_backup(walk);
        return lookup_absent(lookup);
}

void memcache_cancel(struct memcache *memcache, struct lookup *lookup)
{
        struct walk *walk = lookup->state;

        switch (walk->stage) {
        case STAGE_GET:
                remote_cancel(memcache->remote, &walk->lookup);
                break;
        case STAGE_BACKUP:
                table_cancel(memcache->backup, &walk->lookup);
                break;
        case STAGE_PAUSE:
        default:
                end_pause(walk);
                break;
        }
}
