/* SPDX-License-Identifier: MIT */
/* Reading of mapped files that ends by a signal. */
#include "support/check.h"
#include "tables/support/mapped.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE ((size_t)8192)

/* A mapping of a file that is empty by now. */
static char *map_nothing(void)
{
        FILE *file = tmpfile();
        char *map;

        CHECK_INT(ftruncate(fileno(file), SIZE), 0);
        map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fileno(file), 0);
        CHECK(map != MAP_FAILED);
        CHECK_INT(ftruncate(fileno(file), 0), 0);
        fclose(file);
        return map;
}

static volatile int sum;

static void touch(void *ctx)
{
        sum += *(const volatile char *)ctx;
}

static void touch_sound(void *ctx)
{
        (void)ctx;
        sum = 7;
}

static void break_off(void *ctx)
{
        (void)ctx;
        mapped_break_off();
}

static void test_cut(void)
{
        char *map = map_nothing();
        struct span area = {map, SIZE};

        /* Again and again: nothing stays blocked. */
        for (int i = 0; i < 100; i++) {
                CHECK_INT(mapped_read(area, touch, map + 5000), -EIO);
                CHECK_INT(mapped_read((struct span){0}, touch, map), -EIO);
        }
        CHECK_INT(mapped_read(area, touch_sound, NULL), 0);
        CHECK_INT(sum, 7);
        munmap(map, SIZE);
}

static void test_break_off(void)
{
        CHECK_INT(mapped_read((struct span){0}, break_off, NULL), -EIO);
        CHECK_INT(mapped_read((struct span){0}, touch_sound, NULL), 0);
}

/* Memory that is no memory, but for a library's reading only. */
static void test_stray_pointer(void)
{
        char *map =
                mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK_INT(mapped_read((struct span){0}, touch, map), -EIO);
        munmap(map, SIZE);
}

static void *read_blocked(void *ctx)
{
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, NULL);
        CHECK_INT(mapped_read((struct span){ctx, SIZE}, touch, ctx), -EIO);
        return NULL;
}

static void test_thread_without_signals(void)
{
        char *map = map_nothing();
        pthread_t threads[4];

        for (int i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, read_blocked, map);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        munmap(map, SIZE);
}

/* Runs something in another process. Returns the signal that ends it. */
static int signal_of(void (*run)(char *map), char *map)
{
        static const struct rlimit none;
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                setrlimit(RLIMIT_CORE, &none);
                run(map);
                _exit(0);
        }
        waitpid(pid, &status, 0);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* What the process does by default; a sanitizer has its own handlers. */
static void reset(void)
{
        signal(SIGBUS, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
}

static void read_elsewhere(char *map)
{
        mapped_read((struct span){map + SIZE / 2, SIZE / 2}, touch, map);
}

static void read_outside(char *map)
{
        mapped_read((struct span){map, SIZE}, touch_sound, NULL);
        touch(map);
}

static void send_signal(char *map)
{
        (void)map;
        mapped_read((struct span){0}, touch_sound, NULL);
        raise(SIGSEGV);
}

static void exit_by_hand(int number)
{
        _exit(number == SIGBUS ? 42 : 1);
}

static void test_others(void)
{
        char *map = map_nothing();

        CHECK_INT(signal_of(read_elsewhere, map), SIGBUS);
        CHECK_INT(signal_of(read_outside, map), SIGBUS);
        CHECK_INT(signal_of(send_signal, map), SIGSEGV);
        munmap(map, SIZE);
}

/* Whoever handled the signal before still does. */
static void test_former_handler(void)
{
        char *map = map_nothing();
        pid_t pid;
        int status;

        pid = fork();
        if (pid == 0) {
                signal(SIGBUS, exit_by_hand);
                mapped_read((struct span){map, SIZE}, touch, map);
                touch(map);
                _exit(0);
        }
        waitpid(pid, &status, 0);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 42);
        munmap(map, SIZE);
}

int main(void)
{
        reset();
        RUN(test_former_handler); /* before our handler is there */
        RUN(test_cut);
        RUN(test_break_off);
        RUN(test_stray_pointer);
        RUN(test_thread_without_signals);
        RUN(test_others);
        return check_done();
}
