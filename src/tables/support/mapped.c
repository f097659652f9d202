/* SPDX-License-Identifier: MIT */
#include "tables/support/mapped.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

static const int numbers[] = {SIGBUS, SIGSEGV, SIGFPE};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* Signals are the process's, so what handles them is, too. Set once. */
static struct sigaction former[NUMBERS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct reading {
        sigjmp_buf back;
        struct span area;
};

/* What this thread is at; read by its signal handler. */
static _Thread_local struct reading *volatile current;
static _Thread_local bool is_ready;

static bool is_in(struct span area, const void *address)
{
        return (uintptr_t)address >= (uintptr_t)area.data &&
               (uintptr_t)address - (uintptr_t)area.data < area.size;
}

/* Only the kernel's own signals say something about our reading. */
static bool is_ours(int number, const siginfo_t *info)
{
        const struct reading *reading = current;

        if (reading == NULL || info->si_code <= 0)
                return false;
        if (reading->area.data == NULL)
                return true;
        return number == SIGBUS && is_in(reading->area, info->si_addr);
}

/* What would have happened without us. */
static void pass_on(
        const struct sigaction *to, int number, siginfo_t *info, void *context)
{
        struct sigaction fallback = {.sa_handler = SIG_DFL};

        if ((to->sa_flags & SA_SIGINFO) != 0) {
                to->sa_sigaction(number, info, context);
        } else if (to->sa_handler != SIG_DFL && to->sa_handler != SIG_IGN) {
                to->sa_handler(number);
        } else if (info->si_code > 0) {
                /* The faulty instruction runs again, and ends the process. */
                sigaction(number, &fallback, NULL);
        } else if (to->sa_handler == SIG_DFL) {
                sigaction(number, &fallback, NULL);
                raise(number);
        }
}

static void on_signal(int number, siginfo_t *info, void *context)
{
        const ucontext_t *before = context;

        if (is_ours(number, info)) {
                /* The jump is no return: the signal would stay blocked. */
                pthread_sigmask(SIG_SETMASK, &before->uc_sigmask, NULL);
                mapped_break_off();
        }
        for (size_t i = 0; i < NUMBERS; i++)
                if (numbers[i] == number)
                        pass_on(&former[i], number, info, context);
}

static void install(void)
{
        struct sigaction action = {
                .sa_sigaction = on_signal,
                .sa_flags = SA_SIGINFO | SA_ONSTACK,
        };

        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < NUMBERS; i++)
                sigaction(numbers[i], &action, &former[i]);
}

/* A thread that blocks these signals would be killed by them. */
static void make_ready(void)
{
        sigset_t set;

        pthread_once(&once, install);
        sigemptyset(&set);
        for (size_t i = 0; i < NUMBERS; i++)
                sigaddset(&set, numbers[i]);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        is_ready = true;
}

int mapped_read(struct span area, void (*read)(void *ctx), void *ctx)
{
        struct reading reading;

        if (!is_ready)
                make_ready();
        reading.area = area;
        if (sigsetjmp(reading.back, 0) != 0)
                return -EIO;
        current = &reading;
        read(ctx);
        current = NULL;
        return 0;
}

void mapped_break_off(void)
{
        struct reading *reading = current;

        if (reading == NULL)
                abort();
        current = NULL;
        siglongjmp(reading->back, 1);
}
