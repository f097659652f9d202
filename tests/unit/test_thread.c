/* SPDX-License-Identifier: MIT */
#include "base/thread.h"
#include "support/check.h"
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#define THREADS 8
#define MOMENT_US 20000

static pthread_key_t key;
static atomic_int freed;
static sem_t end;

/* As libraries free what they keep for a thread: after it is through. */
static void free_kept(void *kept)
{
        (void)kept;
        usleep(MOMENT_US);
        atomic_fetch_add(&freed, 1);
}

static void *keep(void *ctx)
{
        CHECK_INT(pthread_setspecific(key, ctx), 0);
        return NULL;
}

static void *keep_later(void *ctx)
{
        usleep(MOMENT_US);
        return keep(ctx);
}

static void *hang(void *ctx)
{
        while (sem_wait(&end) != 0)
                ;
        return keep(ctx);
}

static void start(void *(*run)(void *ctx), int count)
{
        for (int i = 0; i < count; i++)
                CHECK_INT(thread_start(run, &key), 0);
}

/* Whether they are through before that or not. */
static void test_join(void)
{
        start(keep, THREADS);
        start(keep_later, THREADS);
        threads_join(UINT_MAX);
        CHECK_INT(atomic_exchange(&freed, 0), 2 * THREADS);
        threads_join(UINT_MAX);
}

/* One that hangs is left, and frees nothing any more. */
static void test_hang(void)
{
        start(hang, 1);
        threads_join(1);
        CHECK_INT(sem_post(&end), 0);
        usleep(MOMENT_US);
        CHECK_INT(atomic_load(&freed), 0);
}

int main(void)
{
        CHECK_INT(pthread_key_create(&key, free_kept), 0);
        CHECK_INT(sem_init(&end, 0, 0), 0);
        RUN(test_join);
        RUN(test_hang);
        return check_done();
}
