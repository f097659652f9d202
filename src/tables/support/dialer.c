/* SPDX-License-Identifier: MIT */
#include "tables/support/dialer.h"
#include "base/events.h"
#include "tables/support/channel.h"
#include "tables/support/workers.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* For finding the addresses, and for trying all of them; in milliseconds. */
#define RESOLVE_TIME 3000
#define TARGETS_TIME 2000

/* For each of many addresses: that of a far one, and of a packet lost. */
#define TARGET_TIME_LEAST 500

/* The next try where a server's queue was full. */
#define FULL_TIME 10

/* What the answer of a resolving thread and its arena take. */
#define RESOLVE_MEMORY ((size_t)16 * 1024)

struct dialer {
        struct address address;
        struct events *events;
        struct event *event;     /* NULL: never started */
        struct workers *workers; /* NULL: the addresses are known */
        void (*done)(void *ctx, int fd, const struct reason *reason);
        void *ctx;

        bool is_resolving;
        struct lookup lookup; /* ... by this */
        struct arena arena;
        struct targets targets;
        unsigned next; /* target to be tried, or being tried */
        uint64_t deadline;
        int fd; /* being connected; -1: none */
};

/* On a thread: the value is a struct targets. */
static void resolve(void *ctx, void *state, struct lookup *lookup)
{
        struct targets *targets = arena_alloc(lookup->arena, sizeof(*targets));
        struct reason reason;

        (void)state;
        if (targets == NULL)
                lookup_failed(lookup, "out of memory");
        else if (address_resolve(ctx, targets, &reason) < 0)
                lookup_failed(lookup, "%s", reason.text);
        else
                lookup_found(lookup,
                        (struct span){(char *)targets, sizeof(*targets)});
}

static const struct workers_type resolver = {.run = resolve, .free = free};

/* The thread has an address of its own: it may live longer. */
static struct workers *make_resolver(
        const struct table_env *env, const struct address *address)
{
        struct table_env one = *env;
        struct address *copy = malloc(sizeof(*copy));
        struct workers *workers;

        if (copy == NULL)
                return NULL;
        *copy = *address;
        one.threads = 1;
        one.queue = 1;
        workers = workers_new(&one, &resolver, copy);
        if (workers == NULL)
                free(copy);
        return workers;
}

struct dialer *dialer_new(const struct table_env *env,
        const struct address *address,
        void (*done)(void *ctx, int fd, const struct reason *reason), void *ctx)
{
        struct dialer *dialer = calloc(1, sizeof(*dialer));

        if (dialer == NULL)
                return NULL;
        dialer->address = *address;
        dialer->events = env->events;
        dialer->done = done;
        dialer->ctx = ctx;
        dialer->fd = -1;
        if (address_is_known(address))
                return dialer;
        dialer->workers = make_resolver(env, address);
        if (dialer->workers != NULL)
                return dialer;
        free(dialer);
        return NULL;
}

static void wait_until(struct dialer *dialer, uint64_t time)
{
        event_at(dialer->event,
                time < dialer->deadline ? time : dialer->deadline);
}

static void drop(struct dialer *dialer)
{
        if (dialer->fd < 0)
                return;
        event_watch(dialer->event, dialer->fd, 0);
        close(dialer->fd);
        dialer->fd = -1;
}

static void begin_target(struct dialer *dialer)
{
        unsigned count = dialer->targets.count;
        uint64_t time = TARGETS_TIME / (count > 0 ? count : 1);

        if (time < TARGET_TIME_LEAST)
                time = TARGET_TIME_LEAST;
        dialer->deadline = events_now() + time;
}

static void next_target(struct dialer *dialer)
{
        drop(dialer);
        dialer->next++;
        begin_target(dialer);
}

/*
 * Returns a connected descriptor, -EINPROGRESS when one has to be waited for,
 * or why this target cannot be reached.
 */
static int try_target(struct dialer *dialer, const struct target *target)
{
        bool is_ready;
        int fd = channel_connect(target, &is_ready), r;

        if (fd == -EAGAIN && events_now() < dialer->deadline) {
                wait_until(dialer, events_now() + FULL_TIME);
                return -EINPROGRESS;
        }
        if (fd < 0 || is_ready)
                return fd;
        dialer->fd = fd;
        r = event_watch(dialer->event, fd, EVENT_WRITE);
        if (r < 0)
                return r;
        wait_until(dialer, UINT64_MAX);
        return -EINPROGRESS;
}

/* Tries those that are left; r and the reason are of the last failure. */
static int try_targets(struct dialer *dialer, int r, struct reason *reason)
{
        while (dialer->next < dialer->targets.count) {
                if (r < 0)
                        reason_set_errno(reason, r, "connect");
                r = try_target(dialer, &dialer->targets.list[dialer->next]);
                if (r >= 0 || r == -EINPROGRESS)
                        return r;
                next_target(dialer);
        }
        reason_set_errno(reason, r < 0 ? r : -EADDRNOTAVAIL, "connect");
        return reason->code;
}

/* Goes on after a wait; tells what has come of it, as the last thing. */
static void go_on(struct dialer *dialer, int r)
{
        struct reason reason;

        r = try_targets(dialer, r, &reason);
        if (r == -EINPROGRESS)
                return;
        event_at(dialer->event, UINT64_MAX);
        dialer->done(dialer->ctx, r < 0 ? -1 : r, &reason);
}

static void begin_targets(struct dialer *dialer)
{
        dialer->next = 0;
        begin_target(dialer);
}

/* The socket is connected, or will never be. */
static void on_ready(void *ctx, unsigned what)
{
        struct dialer *dialer = ctx;
        int fd = dialer->fd, r = channel_connected(fd);

        (void)what;
        if (r < 0) {
                next_target(dialer);
                go_on(dialer, r);
                return;
        }
        event_watch(dialer->event, fd, 0);
        event_at(dialer->event, UINT64_MAX);
        dialer->fd = -1;
        dialer->done(dialer->ctx, fd, NULL);
}

static void end_resolving(struct dialer *dialer)
{
        dialer->is_resolving = false;
        arena_fini(&dialer->arena);
}

static void give_up_resolving(struct dialer *dialer)
{
        struct reason reason;

        workers_cancel(dialer->workers, &dialer->lookup);
        end_resolving(dialer);
        reason_set_errno(&reason, -ETIMEDOUT, "finding the address of %s",
                dialer->address.host);
        dialer->done(dialer->ctx, -1, &reason);
}

static void on_due(void *ctx)
{
        struct dialer *dialer = ctx;

        if (dialer->is_resolving) {
                give_up_resolving(dialer);
        } else if (dialer->fd >= 0) {
                next_target(dialer);
                go_on(dialer, -ETIMEDOUT);
        } else {
                go_on(dialer, 0); /* the server's queue may have room */
        }
}

/* Takes the targets out of the arena. */
static int take_targets(struct dialer *dialer, struct reason *ret_reason)
{
        const struct lookup *lookup = &dialer->lookup;

        if (lookup->answer == ANSWER_FOUND)
                memcpy(&dialer->targets, lookup->value.data,
                        sizeof(dialer->targets));
        else
                *ret_reason = lookup->reason;
        end_resolving(dialer);
        if (lookup->answer == ANSWER_FOUND)
                return 0;
        ret_reason->code = -EHOSTUNREACH;
        return ret_reason->code;
}

static void on_resolved(struct lookup *lookup)
{
        struct dialer *dialer = lookup->owner;
        struct reason reason;

        if (take_targets(dialer, &reason) < 0) {
                event_at(dialer->event, UINT64_MAX);
                dialer->done(dialer->ctx, -1, &reason);
                return;
        }
        begin_targets(dialer);
        go_on(dialer, 0);
}

static int start_resolving(struct dialer *dialer, struct reason *ret_reason)
{
        arena_init(&dialer->arena, NULL, 0, RESOLVE_MEMORY);
        dialer->lookup = (struct lookup){
                .key = span_of(dialer->address.host),
                .deadline = events_now() + RESOLVE_TIME,
                .arena = &dialer->arena,
                .finish = on_resolved,
                .owner = dialer,
        };
        dialer->is_resolving = true;
        if (workers_start(dialer->workers, &dialer->lookup) == LOOKUP_DONE)
                return take_targets(dialer, ret_reason);
        event_at(dialer->event, dialer->lookup.deadline);
        return -EINPROGRESS;
}

int dialer_start(struct dialer *dialer, struct reason *ret_reason)
{
        int r;

        if (dialer->event == NULL)
                dialer->event =
                        event_new(dialer->events, on_ready, on_due, dialer);
        if (dialer->event == NULL) {
                reason_set_errno(ret_reason, -ENOMEM, "connect");
                return -ENOMEM;
        }
        if (dialer->workers != NULL)
                return start_resolving(dialer, ret_reason);
        r = address_resolve(&dialer->address, &dialer->targets, ret_reason);
        if (r < 0)
                return r;
        begin_targets(dialer);
        return try_targets(dialer, 0, ret_reason);
}

void dialer_close(struct dialer *dialer)
{
        if (dialer == NULL)
                return;
        if (dialer->is_resolving) {
                workers_cancel(dialer->workers, &dialer->lookup);
                end_resolving(dialer);
        }
        drop(dialer);
        event_free(dialer->event);
        workers_close(dialer->workers);
        free(dialer);
}
