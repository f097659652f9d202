/* SPDX-License-Identifier: MIT */
#include "lib/asker.h"
#include "lib/reply.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static int append(struct asker *asker, struct buffer *out,
        enum socketmap_status status, const char *text)
{
        enum socketmap_status sent;
        int r;

        r = reply_append(out, status, text, strlen(text),
                limits_get(asker->limits, SOCKETMAP_LIMIT_REPLY_SIZE), &sent);
        if (r == -ENOMEM)
                return r;
        counters_add_reply(asker->counters, sent);
        return 0;
}

static enum asked answer_temp(
        struct asker *asker, struct buffer *out, const char *reason)
{
        int r = append(asker, out, SOCKETMAP_TEMP, reason);

        return r < 0 ? ASKED_FAILED : ASKED_ANSWERED;
}

/* Runs the lookup function here and now. */
static enum asked ask_inline(struct asker *asker, struct generation *generation,
        const struct map *map, struct socketmap_request *request,
        struct buffer *out)
{
        struct inline_call call = {.out = out,
                .mailbox = asker->mailbox,
                .generation = generation};

        request->call = &call;
        map->lookup(request, map->ctx);
        if (call.answered) {
                if (call.error < 0)
                        return ASKED_FAILED;
                counters_add_reply(asker->counters, call.status);
                return ASKED_ANSWERED;
        }
        if (request->held != NULL) {
                asker->held = request->held;
                return ASKED_LATER;
        }
        return answer_temp(asker, out, "the lookup gave no answer");
}

static const char *refusal(int error)
{
        switch (error) {
        case -ENOBUFS:
                return "too many lookups are waiting";
        case -EBUSY:
                return "all workers are stuck in slow lookups";
        case -ENOMEM:
                return "out of memory";
        default:
                return "no thread for the lookup";
        }
}

/* Hands the request to the map's worker threads. */
static enum asked ask_workers(struct asker *asker,
        struct generation *generation, size_t place,
        const struct socketmap_request *request, struct buffer *out)
{
        struct workers *workers;
        struct held *held = NULL;
        int r = -ENOMEM;

        workers = generation_workers(generation, place);
        if (workers != NULL)
                held = held_new(request, asker->mailbox, generation);
        if (held != NULL) {
                held->workers = workers;
                r = workers_submit(workers, &held->job);
        }
        if (r == 0) {
                asker->held = held;
                return ASKED_LATER;
        }
        if (held != NULL)
                held_free(held); /* its one hold was ours */
        counters_add(asker->counters, SOCKETMAP_COUNT_QUEUE_FULL, 1);
        return answer_temp(asker, out, refusal(r));
}

/* C strings would be cut there, and another key's value be found. */
static bool has_nul(const char *bytes, size_t size)
{
        return memchr(bytes, '\0', size) != NULL;
}

enum asked asker_ask(void *ctx, char *name, size_t name_size, char *key,
        size_t key_size, struct buffer *out)
{
        struct asker *asker = ctx;
        struct socketmap_request request = {.name = name,
                .name_size = name_size,
                .key = key,
                .key_size = key_size,
                .deadline = asker->deadline,
                .reply_limit =
                        limits_get(asker->limits, SOCKETMAP_LIMIT_REPLY_SIZE)};
        struct generation *generation = scope_generation(asker->scope);
        const struct map *map;
        size_t place = SIZE_MAX;

        counters_add(asker->counters, SOCKETMAP_COUNT_REQUESTS, 1);
        if (key == NULL)
                return answer_temp(
                        asker, out, "no space between map name and key");
        if (generation != NULL)
                place = maps_find(generation->maps, name, name_size);
        if (place == SIZE_MAX)
                return answer_temp(asker, out, "no such map");
        map = generation->maps->maps[place];
        if ((map->flags & SOCKETMAP_BINARY) == 0 &&
                (has_nul(key, key_size) ||
                        (map->name == NULL && has_nul(name, name_size))))
                return answer_temp(asker, out, "name or key hold a NUL byte");
        if ((map->flags & SOCKETMAP_INLINE) != 0)
                return ask_inline(asker, generation, map, &request, out);
        return ask_workers(asker, generation, place, &request, out);
}

int asker_append(
        struct asker *asker, const struct held *held, struct buffer *out)
{
        int r;

        if (held->reply.size == 0)
                return append(asker, out, SOCKETMAP_TEMP,
                        "the lookup gave no answer");
        r = buffer_append(out, held->reply.data, held->reply.size);
        if (r == 0)
                counters_add_reply(asker->counters, held->status);
        return r;
}

int asker_expire(struct asker *asker, struct held *held, struct buffer *out)
{
        int r;

        if (!held_close(held, HELD_EXPIRED))
                return 0;
        if (held->workers != NULL && workers_overrun(held->workers, &held->job))
                counters_add(asker->counters, SOCKETMAP_COUNT_OVERRUNS, 1);
        r = append(asker, out, SOCKETMAP_TIMEOUT,
                "the lookup took longer than its deadline");
        return r < 0 ? r : 1;
}

static struct held *held_of(struct job *job)
{
        return (struct held *)((char *)job - offsetof(struct held, job));
}

static void run(struct job *job, void *ctx)
{
        const struct map *map = ctx;
        struct held *held = held_of(job);

        /* Late or unwanted: the thread is better used for the next one. */
        if (!held_is_open(held))
                return;
        if (socketmap_request_remaining(&held->request) > 0)
                map->lookup(&held->request, map->ctx);
        else /* the server's own clock may be a moment behind */
                socketmap_reply_timeout(
                        &held->request, "no worker had time for the lookup");
}

static void done(struct job *job)
{
        held_release(held_of(job));
}

const struct job_type asker_job_type = {run, done};
