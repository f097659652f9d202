/* SPDX-License-Identifier: MIT */
#include "base/thread.h"
#include "base/events.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct thread {
        void *(*run)(void *ctx);
        void *ctx;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t end = PTHREAD_COND_INITIALIZER;
static unsigned running;
static bool are_left; /* those that still run */

/*
 * The thread that was through last. The next one joins it, so that one at most
 * waits to be joined, and joining that one joins them all.
 */
static pthread_t last;
static bool has_last;

/* The process frees what its threads have in common: none may, too. */
static _Noreturn void stay(void)
{
        for (;;)
                pause();
}

/* Of a thread that is through. */
static void take_turn(void)
{
        pthread_t former;
        bool has_former;

        pthread_mutex_lock(&mutex);
        if (are_left) {
                pthread_mutex_unlock(&mutex);
                stay();
        }
        former = last;
        has_former = has_last;
        last = pthread_self();
        has_last = true;
        running--;
        pthread_cond_signal(&end);
        pthread_mutex_unlock(&mutex);
        if (has_former)
                pthread_join(former, NULL);
}

static void *run_thread(void *ctx)
{
        struct thread thread = *(struct thread *)ctx;

        free(ctx);
        thread.run(thread.ctx);
        take_turn();
        return NULL;
}

/* Returns 0 or an errno. */
static int create(struct thread *thread)
{
        sigset_t all, before;
        pthread_t id;
        int error;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&id, NULL, run_thread, thread);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return error;
}

int thread_start(void *(*run)(void *ctx), void *ctx)
{
        struct thread *thread = malloc(sizeof(*thread));
        int error;

        if (thread == NULL)
                return -ENOMEM;
        thread->run = run;
        thread->ctx = ctx;
        pthread_mutex_lock(&mutex);
        error = create(thread);
        if (error == 0)
                running++;
        pthread_mutex_unlock(&mutex);
        if (error != 0)
                free(thread);
        return -error;
}

void threads_join(unsigned patience)
{
        struct timespec at = events_timespec(events_now() + patience);
        pthread_t joined;
        bool is_there;

        pthread_mutex_lock(&mutex);
        while (running > 0 &&
                pthread_cond_clockwait(&end, &mutex, CLOCK_MONOTONIC, &at) == 0)
                ;
        are_left = running > 0;
        joined = last;
        is_there = has_last;
        has_last = false;
        pthread_mutex_unlock(&mutex);
        if (is_there)
                pthread_join(joined, NULL);
}
