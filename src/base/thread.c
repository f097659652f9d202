/* SPDX-License-Identifier: MIT */
#include "base/thread.h"
#include <pthread.h>
#include <signal.h>

int thread_start(void *(*run)(void *ctx), void *ctx)
{
        pthread_attr_t attributes;
        sigset_t all, before;
        pthread_t thread;
        int error;

        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&thread, &attributes, run, ctx);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        return -error;
}
