/* SPDX-License-Identifier: MIT */
/* Lookups on threads, which here wait until the test lets them go. */
#include "base/events.h"
#include "base/thread.h"
#include "support/check.h"
#include "tables/support/workers.h"
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

static uv_loop_t loop;
static struct events *events;
static uv_timer_t timer;

/*
 * Keys that begin with '-' wait until they are let go; with '/', they are left
 * by the first thread that has one.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static unsigned running, states, let_go, rests;
static atomic_uint freed;
static pthread_t leaver;
static atomic_bool is_left;

static void *begin(void *ctx, struct reason *ret_reason)
{
        (void)ret_reason;
        pthread_mutex_lock(&mutex);
        states++;
        pthread_mutex_unlock(&mutex);
        return ctx;
}

static void end(void *state)
{
        (void)state;
        pthread_mutex_lock(&mutex);
        states--;
        pthread_mutex_unlock(&mutex);
}

/* Whether it is for another thread. */
static bool leave(void)
{
        bool is_first;

        pthread_mutex_lock(&mutex);
        is_first = !is_left;
        if (is_first)
                leaver = pthread_self();
        else
                CHECK(!pthread_equal(leaver, pthread_self()));
        is_left = true;
        pthread_mutex_unlock(&mutex);
        return is_first;
}

static void run(void *ctx, void *state, struct lookup *lookup)
{
        char *value = arena_copy(lookup->arena, lookup->key);

        CHECK(ctx == state);
        if (lookup->key.size > 0 && lookup->key.data[0] == '/' && leave())
                return;
        pthread_mutex_lock(&mutex);
        running++;
        if (lookup->key.size > 0 && lookup->key.data[0] == '-') {
                while (let_go == 0)
                        pthread_cond_wait(&change, &mutex);
                let_go--;
        }
        pthread_mutex_unlock(&mutex);
        lookup_found(lookup, (struct span){value, lookup->key.size});
}

static void rest(void *state)
{
        (void)state;
        pthread_mutex_lock(&mutex);
        rests++;
        pthread_mutex_unlock(&mutex);
}

static void note_freed(void *ctx)
{
        CHECK(ctx == &freed);
        atomic_fetch_add(&freed, 1);
}

static const struct workers_type type = {.begin = begin,
        .end = end,
        .run = run,
        .rest = rest,
        .free = note_freed};

static struct workers *make(unsigned threads, unsigned queue)
{
        struct table_env env = {
                .events = events, .threads = threads, .queue = queue};

        running = 0;
        atomic_store(&freed, 0);
        return workers_new(&env, &type, &freed);
}

struct asked {
        struct lookup lookup; /* first */
        struct arena arena;
        bool is_finished;
};

static void finish(struct lookup *lookup)
{
        CHECK(!((struct asked *)lookup)->is_finished);
        ((struct asked *)lookup)->is_finished = true;
}

static enum progress start(
        struct workers *workers, struct asked *asked, const char *key)
{
        *asked = (struct asked){.lookup = {.key = span_of(key),
                                        .deadline = UINT64_MAX,
                                        .arena = &asked->arena,
                                        .finish = finish}};
        arena_init(&asked->arena, NULL, 0, 10000);
        return workers_start(workers, &asked->lookup);
}

static void wait_for(struct asked *asked, const char *value)
{
        while (!asked->is_finished)
                uv_run(&loop, UV_RUN_ONCE);
        CHECK_INT(asked->lookup.answer, ANSWER_FOUND);
        CHECK(span_equal(asked->lookup.value, span_of(value)));
        arena_fini(&asked->arena);
}

/* Lets so many of those that wait go on. */
static void let(unsigned count)
{
        pthread_mutex_lock(&mutex);
        let_go += count;
        pthread_cond_broadcast(&change);
        pthread_mutex_unlock(&mutex);
}

static unsigned count_rests(void)
{
        unsigned count;

        pthread_mutex_lock(&mutex);
        count = rests;
        pthread_mutex_unlock(&mutex);
        return count;
}

/* Runs the loop until so many lookups have been begun. */
static void await(unsigned count)
{
        unsigned begun = 0;

        while (begun != count) {
                uv_run(&loop, UV_RUN_NOWAIT);
                pthread_mutex_lock(&mutex);
                begun = running;
                pthread_mutex_unlock(&mutex);
                sched_yield();
        }
}

static void close_all(struct workers *workers)
{
        workers_close(workers);
        while (atomic_load(&freed) == 0)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(states, 0);
        CHECK_INT(let_go, 0);
}

#define THREADS 20

/* A thread for each, and as many more as may wait; also all in one turn. */
static void test_room(void)
{
        struct workers *workers = make(THREADS, 2);
        struct asked asked[THREADS + 2], more;

        for (int i = 0; i < THREADS + 2; i++)
                CHECK_INT(start(workers, &asked[i], "-"), LOOKUP_PENDING);
        await(THREADS);
        CHECK_INT(start(workers, &more, "-"), LOOKUP_DONE);
        CHECK_INT(more.lookup.answer, ANSWER_FAILED);
        CHECK_STR(more.lookup.reason.text,
                "all 20 threads are busy, and 2 lookups wait");
        let(THREADS + 2);
        for (int i = 0; i < THREADS + 2; i++)
                wait_for(&asked[i], "-");
        /* Now the threads are idle. */
        for (int i = 0; i < THREADS + 2; i++)
                CHECK_INT(start(workers, &asked[i], "k"), LOOKUP_PENDING);
        for (int i = 0; i < THREADS + 2; i++)
                wait_for(&asked[i], "k");
        close_all(workers);
}

/* However many may wait: that does not overflow. */
static void test_any_number(void)
{
        struct workers *workers = make(2, UINT_MAX);
        struct asked asked[20];

        for (int i = 0; i < 20; i++)
                CHECK_INT(start(workers, &asked[i], "-"), LOOKUP_PENDING);
        let(20);
        for (int i = 0; i < 20; i++)
                wait_for(&asked[i], "-");
        close_all(workers);
}

/* A lookup that is cancelled before its turn is not run at all. */
static void test_cancel_waiting(void)
{
        struct workers *workers = make(1, 2);
        struct asked asked[4];

        CHECK_INT(start(workers, &asked[0], "-0"), LOOKUP_PENDING);
        await(1);
        CHECK_INT(start(workers, &asked[1], "-1"), LOOKUP_PENDING);
        CHECK_INT(start(workers, &asked[2], "-2"), LOOKUP_PENDING);
        CHECK_INT(start(workers, &asked[3], "-3"), LOOKUP_DONE);
        workers_cancel(workers, &asked[1].lookup);
        CHECK_INT(start(workers, &asked[3], "-3"), LOOKUP_PENDING);
        workers_cancel(workers, &asked[2].lookup);
        let(2);
        wait_for(&asked[0], "-0");
        wait_for(&asked[3], "-3");
        CHECK(!asked[1].is_finished && !asked[2].is_finished);
        CHECK_INT(running, 2);
        close_all(workers);
}

/* An answer is left for the sake of one that is cancelled then. */
static void test_left(void)
{
        struct workers *workers = make(1, 10);
        struct asked first, second;

        CHECK_INT(start(workers, &first, "-1"), LOOKUP_PENDING);
        await(1);
        CHECK_INT(start(workers, &second, "-2"), LOOKUP_PENDING);
        let(1);
        await(2);
        workers_cancel(workers, &second.lookup);
        wait_for(&first, "-1");
        let(1);
        close_all(workers);
}

/*
 * What a state keeps is shared by lookups that were there before it had it, and
 * by none that was asked later.
 */
static void test_rest(void)
{
        struct workers *workers = make(1, 10);
        struct asked asked[4];
        unsigned before;

        for (int i = 0; i < 3; i++)
                CHECK_INT(start(workers, &asked[i], "-"), LOOKUP_PENDING);
        await(1);
        before = count_rests();
        CHECK_INT(start(workers, &asked[3], "-"), LOOKUP_PENDING);
        let(1);
        await(2);
        let(1);
        await(3);
        CHECK_INT(count_rests(), before);
        let(1);
        await(4);
        CHECK_INT(count_rests(), before + 1);
        let(1);
        for (int i = 0; i < 4; i++)
                wait_for(&asked[i], "-");
        close_all(workers);
}

/* A thread that is stuck with what nobody wants any more keeps none waiting. */
static void test_stuck(void)
{
        struct workers *workers = make(2, 10);
        struct asked stuck, other;

        CHECK_INT(start(workers, &other, "k"), LOOKUP_PENDING);
        CHECK_INT(start(workers, &stuck, "-"), LOOKUP_PENDING);
        await(2);
        wait_for(&other, "k"); /* so there are two threads, one of them idle */
        workers_cancel(workers, &stuck.lookup);
        for (int i = 0; i < 5; i++) {
                CHECK_INT(start(workers, &other, "k"), LOOKUP_PENDING);
                wait_for(&other, "k");
        }
        let(1);
        close_all(workers);
}

/* Whoever has left a lookup to others takes none for a while. */
static void test_leave(void)
{
        struct workers *workers = make(2, 10);
        struct asked stuck, asked;

        is_left = false;
        CHECK_INT(start(workers, &asked, "k"), LOOKUP_PENDING);
        CHECK_INT(start(workers, &stuck, "-"), LOOKUP_PENDING);
        await(2);
        wait_for(&asked, "k");
        let(1);
        wait_for(&stuck, "-"); /* so there are two threads */
        for (int i = 0; i < 5; i++) {
                CHECK_INT(start(workers, &asked, "/k"), LOOKUP_PENDING);
                wait_for(&asked, "/k");
        }
        close_all(workers);
}

/* It is left, and the table gone, while its thread has stepped aside. */
static void test_close_left(void)
{
        struct workers *workers = make(1, 10);
        struct asked asked;

        is_left = false;
        CHECK_INT(start(workers, &asked, "/k"), LOOKUP_PENDING);
        while (!is_left)
                uv_run(&loop, UV_RUN_NOWAIT);
        workers_cancel(workers, &asked.lookup);
        close_all(workers);
}

/* The table is gone before its threads are, and so is the loop. */
static void test_close_stuck(void)
{
        struct workers *workers = make(2, 10);
        struct asked asked[4];

        for (int i = 0; i < 4; i++)
                CHECK_INT(start(workers, &asked[i], "-"), LOOKUP_PENDING);
        await(2);
        for (int i = 0; i < 4; i++)
                workers_cancel(workers, &asked[i].lookup);
        workers_close(workers);
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(atomic_load(&freed), 0);
        let(2);
        while (atomic_load(&freed) == 0)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(states, 0);
        CHECK_INT(running, 2);
}

/* Likewise, and the events have ended: what the thread did is not left over. */
static void test_end_stuck(void)
{
        struct events *others = events;
        struct workers *workers;
        struct asked asked;

        events = events_new(&loop);
        workers = make(1, 1);
        CHECK_INT(start(workers, &asked, "-"), LOOKUP_PENDING);
        await(1);
        workers_cancel(workers, &asked.lookup);
        workers_close(workers);
        events_free(events);
        events = others;
        let(1);
        while (atomic_load(&freed) == 0)
                uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_INT(states, 0);
}

static void test_here(void)
{
        struct workers *workers = make(1, 1);
        struct arena arena;
        struct lookup lookup = {.key = SPAN_LITERAL("k"),
                .deadline = UINT64_MAX,
                .arena = &arena};

        arena_init(&arena, NULL, 0, 10000);
        CHECK_INT(workers_start(workers, &lookup), LOOKUP_DONE);
        CHECK_INT(workers_start(workers, &lookup), LOOKUP_DONE);
        CHECK_INT(lookup.answer, ANSWER_FOUND);
        CHECK_INT(states, 1);
        arena_fini(&arena);
        close_all(workers);
}

static void test_late(void)
{
        struct workers *workers = make(1, 1);
        struct asked first, second;

        CHECK_INT(start(workers, &first, "-"), LOOKUP_PENDING);
        await(1);
        CHECK_INT(start(workers, &second, "x"), LOOKUP_PENDING);
        workers_cancel(workers, &second.lookup);
        second.lookup.deadline = events_now();
        CHECK_INT(workers_start(workers, &second.lookup), LOOKUP_PENDING);
        let(1);
        wait_for(&first, "-");
        while (!second.is_finished)
                uv_run(&loop, UV_RUN_ONCE);
        CHECK_STR(second.lookup.reason.text, "no thread had time for it");
        close_all(workers);
}

/* Keeps the loop waiting, which the events don't. */
static void do_nothing(uv_timer_t *ignored)
{
        (void)ignored;
}

int main(void)
{
        uv_loop_init(&loop);
        events = events_new(&loop);
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, do_nothing, 1000, 1000);
        RUN(test_room);
        RUN(test_any_number);
        RUN(test_cancel_waiting);
        RUN(test_left);
        RUN(test_rest);
        RUN(test_stuck);
        RUN(test_leave);
        RUN(test_close_left);
        RUN(test_close_stuck);
        RUN(test_end_stuck);
        RUN(test_here);
        RUN(test_late);
        uv_close((uv_handle_t *)&timer, NULL);
        events_free(events);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(&loop), 0);
        threads_join(UINT_MAX);
        return check_done();
}
