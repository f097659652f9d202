/* SPDX-License-Identifier: MIT */
#include "tables/exec/pool.h"
#include "base/events.h"
#include "tables/exec/errors.h"
#include "tables/exec/process.h"
#include "tables/exec/starter.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/wait.h>

/* How long it rests when a program cannot be started, or is of no use. */
#define REST 1000

/* Of the starts that are counted. */
#define SECOND 1000

/* What is written to stderr is read no more often, in milliseconds. */
#define ERRORS_PAUSE 20

struct member {
        LIST_ENTRY(member) link;
        struct exec_pool *pool; /* NULL: closed meanwhile */
        struct events *events;
        struct exec_process process; /* its fd is -1 when it was killed */
        struct event *exit;
        struct event *reading;
        struct exec_errors errors;
        struct ending ending; /* while it is killed, and not reaped */
        const char *why;      /* it is killed; NULL: that is not to be told */
        bool has_answered;    /* then it may end by itself */
};

struct exec_pool {
        struct opener opener; /* first */
        struct events *events;
        struct exec_starter *starter;
        struct exec_log *log;
        LIST_HEAD(members, member) members;
        bool is_told;  /* that they end without an answer */
        size_t oldest; /* of the starts */
        uint64_t starts[];
};

static void free_member(struct member *member)
{
        if (member->pool != NULL)
                LIST_REMOVE(member, link);
        event_free(member->exit);
        event_free(member->reading);
        free(member);
}

/* Says how it has ended. */
static void tell_end(const struct member *member, int status)
{
        struct exec_log *log = member->pool->log;
        pid_t pid = member->process.pid;

        if (member->has_answered && WIFEXITED(status) &&
                WEXITSTATUS(status) == 0)
                return;
        if (WIFEXITED(status))
                exec_log_say(
                        log, pid, "exited with status %d", WEXITSTATUS(status));
        else if (WTERMSIG(status) == SIGKILL)
                exec_log_say(log, pid, "had to be killed: %s", member->why);
        else
                exec_log_say(
                        log, pid, "was ended by signal %d", WTERMSIG(status));
}

static void drop_events(struct member *member)
{
        event_watch(member->exit, member->process.pidfd, 0);
        if (member->process.errors >= 0)
                event_watch(member->reading, member->process.errors, 0);
        event_at(member->reading, UINT64_MAX);
}

/* Takes note of its end, if that has come. */
static bool reap(struct member *member, int milliseconds)
{
        int status;

        drop_events(member);
        if (member->pool != NULL)
                exec_errors_fini(&member->errors);
        if (!exec_process_reap(&member->process, milliseconds, &status))
                return false;
        if (member->pool != NULL && member->why != NULL)
                tell_end(member, status);
        return true;
}

static void on_end(struct ending *ending)
{
        struct member *member =
                (struct member *)((char *)ending -
                                  offsetof(struct member, ending));

        ending_take_back(&member->ending);
        reap(member, EXEC_END_TIME);
        free_member(member);
}

/* The program has ended. If nobody knows yet, its connection tells. */
static void on_exit_ready(void *ctx, unsigned what)
{
        struct member *member = ctx;

        (void)what;
        if (member->process.fd >= 0) {
                event_watch(member->exit, member->process.pidfd, 0);
                shutdown(member->process.fd, SHUT_RDWR);
                return;
        }
        if (reap(member, 0)) {
                ending_take_back(&member->ending);
                free_member(member);
        }
}

static void watch_errors(void *ctx)
{
        struct member *member = ctx;

        if (member->errors.fd >= 0)
                event_watch(member->reading, member->errors.fd, EVENT_READ);
}

static void on_errors(void *ctx, unsigned what)
{
        struct member *member = ctx;

        (void)what;
        event_watch(member->reading, member->process.errors, 0);
        if (exec_errors_read(&member->errors))
                event_at(member->reading, events_now() + ERRORS_PAUSE);
}

static void never_due(void *ctx)
{
        (void)ctx;
}

/* Returns 0 or -ENOMEM. */
static int make_events(struct member *member)
{
        struct events *events = member->pool->events;

        member->exit = event_new(events, on_exit_ready, never_due, member);
        member->reading = event_new(events, on_errors, watch_errors, member);
        return member->exit != NULL && member->reading != NULL ? 0 : -ENOMEM;
}

/* Returns 0 or a negative errno. */
static int watch(struct member *member)
{
        const struct exec_process *process = &member->process;
        int r = event_watch(member->exit, process->pidfd, EVENT_READ);

        if (r == 0 && process->errors >= 0)
                r = event_watch(member->reading, process->errors, EVENT_READ);
        return r;
}

/* Kills it, and lets go of it when it has ended, soon. */
static void end_member(struct member *member)
{
        exec_process_kill(&member->process);
        if (reap(member, 0)) {
                free_member(member);
                return;
        }
        if (event_watch(member->exit, member->process.pidfd, EVENT_READ) < 0) {
                reap(member, EXEC_END_TIME);
                free_member(member);
                return;
        }
        member->ending.run = on_end;
        events_at_end(member->events, &member->ending);
}

static struct member *make_member(
        struct exec_pool *pool, const struct exec_process *process)
{
        struct member *member = calloc(1, sizeof(*member));

        if (member == NULL)
                return NULL;
        member->pool = pool;
        member->events = pool->events;
        member->process = *process;
        LIST_INSERT_HEAD(&pool->members, member, link);
        if (make_events(member) < 0) {
                free_member(member);
                return NULL;
        }
        exec_errors_init(
                &member->errors, pool->log, process->pid, process->errors);
        return member;
}

/* Returns the socket, or a negative errno with the reason. */
static int begin_member(struct exec_pool *pool,
        const struct exec_process *process, struct reason *ret_reason)
{
        struct member *member = make_member(pool, process);
        struct exec_process unwanted = *process;
        int r = -ENOMEM;

        if (member == NULL) {
                exec_process_end(&unwanted);
        } else {
                r = watch(member);
                if (r == 0)
                        return process->fd;
                end_member(member);
        }
        reason_set_errno(ret_reason, r, "start");
        return r;
}

/* To tell is the last thing. */
static void on_started(void *ctx, const struct exec_process *process,
        const struct reason *reason)
{
        struct exec_pool *pool = ctx;
        struct reason why = *reason;
        int fd = -1;

        if (process != NULL)
                fd = begin_member(pool, process, &why);
        pool->opener.opened(pool->opener.ctx, fd, &why);
}

static int open_one(
        struct opener *opener, uint64_t *ret_time, struct reason *ret_reason)
{
        struct exec_pool *pool = (struct exec_pool *)opener;
        uint64_t now = events_now();
        int r;

        *ret_time = pool->starts[pool->oldest];
        if (now < *ret_time)
                return -EAGAIN;
        pool->starts[pool->oldest] = now + SECOND;
        pool->oldest = (pool->oldest + 1) % pool->opener.most;
        r = exec_starter_start(pool->starter, ret_reason);
        return r < 0 ? r : -EINPROGRESS;
}

static struct member *find(const struct exec_pool *pool, int fd)
{
        struct member *member = LIST_FIRST(&pool->members);

        while (member->process.fd != fd)
                member = LIST_NEXT(member, link);
        return member;
}

static const char *why_killed(int fd, int error)
{
        char byte;

        switch (-error) {
        case ETIMEDOUT:
                return "no answer in time";
        case EBADMSG:
                return "a wrong reply";
        case ECANCELED:
                return NULL;
        case 0:
        case ECONNRESET:
                if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
                        return "it wrote what it was not asked for";
                return "its stdin or stdout is closed";
        default:
                return strerror(-error);
        }
}

/* A program that ends again and again without an answer is told of once. */
static void close_one(
        struct opener *opener, int fd, int error, bool has_answered)
{
        struct exec_pool *pool = (struct exec_pool *)opener;
        struct member *member = find(pool, fd);

        member->why = why_killed(fd, error);
        member->has_answered = has_answered;
        if (!has_answered && pool->is_told)
                member->why = NULL;
        pool->is_told = !has_answered;
        end_member(member);
}

struct exec_pool *exec_pool_new(struct events *events,
        const struct exec_command *command, struct exec_log *log, size_t most)
{
        struct exec_pool *pool =
                calloc(1, sizeof(*pool) + most * sizeof(pool->starts[0]));

        if (pool == NULL)
                return NULL;
        pool->opener = (struct opener){
                .open = open_one,
                .close = close_one,
                .most = most,
                .rest = REST,
        };
        pool->events = events;
        pool->log = log;
        LIST_INIT(&pool->members);
        pool->starter = exec_starter_new(
                events, command, log->watcher != NULL, on_started, pool);
        if (pool->starter != NULL)
                return pool;
        free(pool);
        return NULL;
}

struct opener *exec_pool_opener(struct exec_pool *pool)
{
        return &pool->opener;
}

void exec_pool_close(struct exec_pool *pool)
{
        struct member *member;

        if (pool == NULL)
                return;
        exec_starter_close(pool->starter);
        while ((member = LIST_FIRST(&pool->members)) != NULL) {
                LIST_REMOVE(member, link);
                member->pool = NULL;
        }
        free(pool);
}
