/* SPDX-License-Identifier: MIT */
/*
 * A server for the tests that look at it from outside, over sockets.
 *
 *     testserver [--listen ENDPOINT]... [--limit NAME=VALUE]...
 *                [--workers N] [--queue N] [--default] [--nofile N]
 *                [--drain MS] [--poll | --uv]
 *
 * It prints "listening ENDPOINT" for each listening socket and "ready"; a line
 * "log LEVEL TEXT" for each log line; "run N" when the server has returned.
 * SIGUSR1 prints the counters as "counters NAME=VALUE...", the number of
 * lookups that the worker maps have started as "starts=N" and what the late
 * replies have returned as "replies=N" and "reply-ERRNO=N" among them.
 * SIGTERM drains.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <socketmap/server.h>
#include <socketmap/uv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* A held request, and what is to be done with it at its time. */
struct held {
        struct held *next;
        struct socketmap_request *request;
        uint64_t due;
        bool forget;
};

enum drive { BY_RUN, BY_POLL, BY_UV };

struct options {
        unsigned workers;
        unsigned queue;
        unsigned drain;
        bool default_map;
        enum drive drive;
};

static struct socketmap_server *server;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t held_change;
static struct held *held_first;
static bool held_end;
static atomic_uint starts, replies[256];
static volatile sig_atomic_t terminated;

static uint64_t now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_for(unsigned ms)
{
        struct timespec t = {
                .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

        while (nanosleep(&t, &t) < 0 && errno == EINTR)
                continue;
}

/* --- held requests: one thread that answers them when they are due --- */

static void answer_held(struct held *held)
{
        struct socketmap_request *request = held->request;

        if (!held->forget) {
                int r = socketmap_reply(request, SOCKETMAP_OK,
                        socketmap_request_key(request),
                        socketmap_request_key_size(request));

                atomic_fetch_add(&replies[(unsigned)-r & 255], 1);
        }
        socketmap_request_release(request);
        free(held);
}

/* Takes the first request that is due from the list. Lock held. */
static struct held *take_due(uint64_t at)
{
        for (struct held **p = &held_first; *p != NULL; p = &(*p)->next) {
                struct held *held = *p;

                if (held->due <= at) {
                        *p = held->next;
                        return held;
                }
        }
        return NULL;
}

static void wait_a_moment(void)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 2000000;
        if (until.tv_nsec >= 1000000000) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&held_change, &held_lock, &until);
}

static void *answer_all_held(void *unused)
{
        (void)unused;
        pthread_mutex_lock(&held_lock);
        while (!held_end || held_first != NULL) {
                struct held *held = take_due(held_end ? UINT64_MAX : now());

                if (held == NULL) {
                        if (held_first == NULL)
                                pthread_cond_wait(&held_change, &held_lock);
                        else
                                wait_a_moment();
                        continue;
                }
                pthread_mutex_unlock(&held_lock);
                answer_held(held);
                pthread_mutex_lock(&held_lock);
        }
        pthread_mutex_unlock(&held_lock);
        return NULL;
}

static void hold(struct socketmap_request *request, uint64_t due, bool forget)
{
        struct held *held = malloc(sizeof(*held));

        if (held == NULL)
                abort();
        held->request = socketmap_request_hold(request);
        if (held->request == NULL)
                abort();
        held->due = due;
        held->forget = forget;
        pthread_mutex_lock(&held_lock);
        held->next = held_first;
        held_first = held;
        pthread_cond_signal(&held_change);
        pthread_mutex_unlock(&held_lock);
}

/* --- the maps --- */

static unsigned number(struct socketmap_request *request)
{
        return (unsigned)strtoul(socketmap_request_key(request), NULL, 10);
}

static void look_echo(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply(request, SOCKETMAP_OK, socketmap_request_key(request),
                socketmap_request_key_size(request));
}

static void look_values(struct socketmap_request *request, void *ctx)
{
        const char *key = socketmap_request_key(request);

        (void)ctx;
        if (strcmp(key, "hello") == 0)
                socketmap_reply_ok(request, "world");
        else if (strcmp(key, "empty") == 0)
                socketmap_reply_ok(request, "");
        else if (strcmp(key, "null") == 0)
                socketmap_reply_ok(request, NULL);
        else
                socketmap_reply_notfound(request);
}

static void look_none(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_notfound(request);
}

static void look_temp(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_temp(request, "come back");
}

static void look_perm(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_perm(request, "go away");
}

static void look_timeout(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_timeout(request, "too slow");
}

static void look_forget(struct socketmap_request *request, void *ctx)
{
        (void)request;
        (void)ctx;
}

static void look_silent(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        hold(request, UINT64_MAX, true);
}

static void look_held(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        hold(request, now() + number(request), false);
}

static void look_dropped(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        hold(request, now() + number(request), true);
}

static void look_sleep(struct socketmap_request *request, void *ctx)
{
        atomic_fetch_add(&starts, 1);
        sleep_for(number(request));
        look_echo(request, ctx);
}

static void look_twice(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_ok(request, "first");
        socketmap_reply_ok(request, "second");
        socketmap_reply_notfound(request);
}

static void look_big(struct socketmap_request *request, void *ctx)
{
        unsigned size = number(request);
        char *value = malloc(size + 1);

        (void)ctx;
        if (value == NULL)
                abort();
        memset(value, 'v', size);
        socketmap_reply(request, SOCKETMAP_OK, value, size);
        free(value);
}

static void look_nul(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply(request, SOCKETMAP_OK, "a\0b", 3);
}

static void look_default(struct socketmap_request *request, void *ctx)
{
        char text[512];

        (void)ctx;
        snprintf(text, sizeof(text), "[%s] [%s]",
                socketmap_request_name(request),
                socketmap_request_key(request));
        socketmap_reply_ok(request, text);
}

static const struct {
        const char *name;
        socketmap_lookup_fn *lookup;
        unsigned flags;
} all_maps[] = {
        {"echo", look_echo, SOCKETMAP_INLINE},
        {"", look_echo, SOCKETMAP_INLINE},
        {"values", look_values, SOCKETMAP_INLINE},
        {"none", look_none, SOCKETMAP_INLINE},
        {"temp", look_temp, SOCKETMAP_INLINE},
        {"perm", look_perm, SOCKETMAP_INLINE},
        {"timeout", look_timeout, SOCKETMAP_INLINE},
        {"forget", look_forget, SOCKETMAP_INLINE},
        {"wforget", look_forget, 0},
        {"silent", look_silent, SOCKETMAP_INLINE},
        {"held", look_held, SOCKETMAP_INLINE},
        {"wheld", look_held, 0},
        {"dropped", look_dropped, SOCKETMAP_INLINE},
        {"sleep", look_sleep, 0},
        {"other", look_sleep, 0},
        {"twice", look_twice, SOCKETMAP_INLINE},
        {"wtwice", look_twice, 0},
        {"big", look_big, SOCKETMAP_INLINE},
        {"wbig", look_big, 0},
        {"nul", look_nul, SOCKETMAP_INLINE},
        {"wnul", look_nul, 0},
        {"binary", look_echo, SOCKETMAP_INLINE | SOCKETMAP_BINARY},
        {"wbinary", look_echo, SOCKETMAP_BINARY},
};

/* --- setting up --- */

static void check(int r, const char *what)
{
        if (r >= 0)
                return;
        printf("failed %s: %s\n", what, strerror(-r));
        exit(2);
}

static void print_log(
        void *ctx, enum socketmap_log_level level, const char *line)
{
        (void)ctx;
        printf("log %d %s\n", (int)level, line);
}

static void add_maps(const struct options *options)
{
        struct socketmap_maps *maps = socketmap_maps_new();

        for (size_t i = 0; i < sizeof(all_maps) / sizeof(all_maps[0]); i++)
                check(socketmap_maps_add(maps, all_maps[i].name,
                              all_maps[i].lookup, NULL, NULL,
                              all_maps[i].flags),
                        all_maps[i].name);
        if (options->default_map)
                check(socketmap_maps_add(maps, NULL, look_default, NULL, NULL,
                              SOCKETMAP_INLINE),
                        "default map");
        if (options->workers > 0)
                check(socketmap_maps_set_option(maps, "sleep",
                              SOCKETMAP_MAP_WORKERS, options->workers),
                        "workers");
        if (options->queue > 0)
                check(socketmap_maps_set_option(maps, "sleep",
                              SOCKETMAP_MAP_QUEUE, options->queue),
                        "queue");
        check(socketmap_server_set_maps(server, maps), "maps");
        socketmap_maps_free(maps);
}

static void set_limit(char *text)
{
        static const char *const names[] = {NULL, "request", "reply",
                "deadline", "partial", "stall", "connections", "memory",
                "backlog"};
        char *value = strchr(text, '=');

        if (value == NULL)
                check(-EINVAL, text);
        *value++ = '\0';
        for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
                if (strcmp(names[i], text) == 0) {
                        check(socketmap_server_set_limit(server,
                                      (enum socketmap_limit)i,
                                      strtoull(value, NULL, 10)),
                                text);
                        return;
                }
        check(-EINVAL, text);
}

static void set_nofile(const char *value)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = strtoul(value, NULL, 10);
        check(setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0, "nofile");
}

static void parse(int argc, char **argv, struct options *options)
{
        for (int i = 1; i < argc; i++) {
                const char *word = argv[i];

                if (strcmp(word, "--default") == 0)
                        options->default_map = true;
                else if (strcmp(word, "--poll") == 0)
                        options->drive = BY_POLL;
                else if (strcmp(word, "--uv") == 0)
                        options->drive = BY_UV;
                else if (++i == argc)
                        check(-EINVAL, word);
                else if (strcmp(word, "--workers") == 0)
                        options->workers = (unsigned)atoi(argv[i]);
                else if (strcmp(word, "--queue") == 0)
                        options->queue = (unsigned)atoi(argv[i]);
                else if (strcmp(word, "--drain") == 0)
                        options->drain = (unsigned)atoi(argv[i]);
        }
}

/* What needs the server: limits and listeners. */
static void apply(int argc, char **argv)
{
        for (int i = 1; i + 1 < argc; i++) {
                if (strcmp(argv[i], "--limit") == 0)
                        set_limit(argv[++i]);
                else if (strcmp(argv[i], "--nofile") == 0)
                        set_nofile(argv[++i]);
                else if (strcmp(argv[i], "--listen") == 0)
                        check(socketmap_server_listen(
                                      server, argv[i + 1], NULL),
                                argv[i + 1]);
        }
}

static void print_endpoints(void)
{
        char text[256];

        for (size_t n = 0; socketmap_server_get_endpoint(
                                   server, n, text, sizeof(text)) == 0;
                n++)
                printf("listening %s\n", text);
        puts("ready");
}

/* --- signals --- */

/* Held while the server is freed, and while its counters are read. */
static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;

static void print_counters(void)
{
        char line[2048];
        int size = snprintf(line, sizeof(line), "counters starts=%u replies=%u",
                atomic_load(&starts), atomic_load(&replies[0]));

        for (int i = 1; i < 256; i++)
                if (atomic_load(&replies[i]) > 0)
                        size += snprintf(line + size,
                                sizeof(line) - (size_t)size, " reply-%d=%u", i,
                                atomic_load(&replies[i]));
        pthread_mutex_lock(&server_lock);
        for (int i = 1; i <= (int)SOCKETMAP_COUNT_MEMORY; i++) {
                enum socketmap_counter counter = (enum socketmap_counter)i;

                size += snprintf(line + size, sizeof(line) - (size_t)size,
                        " %s=%llu", socketmap_counter_name(counter),
                        (unsigned long long)socketmap_server_get_count(
                                server, counter));
        }
        pthread_mutex_unlock(&server_lock);
        puts(line);
}

static void *wait_for_usr1(void *set)
{
        for (;;) {
                int number_of_signal;

                if (sigwait(set, &number_of_signal) == 0 &&
                        number_of_signal == SIGUSR1)
                        print_counters();
                if (number_of_signal == SIGUSR2)
                        return NULL;
        }
}

static void on_term(int number_of_signal)
{
        (void)number_of_signal;
        terminated = 1;
        socketmap_server_stop(server);
}

/* --- three ways to drive it --- */

static int drive_by_run(const struct options *options)
{
        struct sigaction action = {.sa_handler = on_term};
        int r;

        sigaction(SIGTERM, &action, NULL);
        print_endpoints();
        r = socketmap_server_run(server);
        if (r < 0 || !terminated)
                return r;
        check(socketmap_server_drain(server, options->drain), "drain");
        return socketmap_server_run(server);
}

/* Nothing but the descriptor wakes this loop up, timers included. */
static int drive_by_poll(const struct options *options)
{
        struct pollfd fds[2];
        sigset_t term;
        int r;

        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        fds[0].fd = socketmap_server_get_fd(server);
        check(fds[0].fd, "get_fd");
        fds[1].fd = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
        fds[0].events = fds[1].events = POLLIN;
        print_endpoints();
        r = socketmap_server_dispatch(server);
        while (r > 0) {
                struct signalfd_siginfo info;

                if (poll(fds, 2, -1) < 0)
                        continue;
                if (fds[1].revents != 0 &&
                        read(fds[1].fd, &info, sizeof(info)) > 0)
                        check(socketmap_server_drain(server, options->drain),
                                "drain");
                r = socketmap_server_dispatch(server);
        }
        close(fds[1].fd);
        return r;
}

struct uv_drive {
        uv_signal_t term;
        const struct options *options;
};

static void on_uv_term(uv_signal_t *handle, int number_of_signal)
{
        struct uv_drive *drive = handle->data;

        (void)number_of_signal;
        check(socketmap_server_drain(server, drive->options->drain), "drain");
}

static void on_idle(struct socketmap_server *idle, void *ctx)
{
        struct uv_drive *drive = ctx;

        uv_close((uv_handle_t *)&drive->term, NULL);
        pthread_mutex_lock(&server_lock);
        socketmap_server_free(idle);
        server = NULL;
        pthread_mutex_unlock(&server_lock);
}

static int drive_by_uv(const struct options *options, uv_loop_t *loop)
{
        struct uv_drive drive = {.options = options};

        drive.term.data = &drive;
        uv_signal_init(loop, &drive.term);
        uv_signal_start(&drive.term, on_uv_term, SIGTERM);
        socketmap_server_on_idle(server, on_idle, &drive);
        print_endpoints();
        uv_run(loop, UV_RUN_DEFAULT);
        return uv_loop_close(loop);
}

int main(int argc, char **argv)
{
        struct options options = {0};
        pthread_t held_thread, signal_thread;
        uv_loop_t loop;
        sigset_t usr, blocked;
        int r;

        setvbuf(stdout, NULL, _IOLBF, 0);
        signal(SIGPIPE, SIG_DFL);
        parse(argc, argv, &options);
        sigemptyset(&usr);
        sigaddset(&usr, SIGUSR1);
        sigaddset(&usr, SIGUSR2);
        blocked = usr;
        if (options.drive == BY_POLL)
                sigaddset(&blocked, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &blocked, NULL);
        pthread_cond_init(&held_change, NULL);
        pthread_create(&held_thread, NULL, answer_all_held, NULL);

        if (options.drive == BY_UV)
                check(uv_loop_init(&loop), "loop");
        server = options.drive == BY_UV ? socketmap_server_new_uv(&loop)
                                        : socketmap_server_new();
        socketmap_server_set_log(server, print_log, NULL);
        add_maps(&options);
        apply(argc, argv);
        pthread_create(&signal_thread, NULL, wait_for_usr1, &usr);

        if (options.drive == BY_RUN)
                r = drive_by_run(&options);
        else if (options.drive == BY_POLL)
                r = drive_by_poll(&options);
        else
                r = drive_by_uv(&options, &loop);
        printf("run %d\n", r);

        kill(getpid(), SIGUSR2);
        pthread_join(signal_thread, NULL);
        if (options.drive != BY_UV)
                print_counters();
        socketmap_server_free(server);
        pthread_mutex_lock(&held_lock);
        held_end = true;
        pthread_cond_signal(&held_change);
        pthread_mutex_unlock(&held_lock);
        pthread_join(held_thread, NULL);
        pthread_cond_destroy(&held_change);
        puts("end");
        return r < 0;
}
