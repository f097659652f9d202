/* SPDX-License-Identifier: MIT */
#include "tables/pgsql/dialer.h"
#include "base/events.h"
#include "base/thread.h"
#include "tables/support/openssl.h"
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

/* A name service, or a server, may keep threads for longer than is waited. */
#define THREADS_MAX 4

/* How much longer than connecting is waited for a name service. */
#define NAME_TIME 1000

/* Between one query that is cancelled and the next, in milliseconds. */
#define CANCEL_PAUSE 20

/* What threads share with the table: it lives until the last has ended. */
struct shared {
        struct pgsql_login *login;
        struct events *events;
        atomic_uint references;
        atomic_uint dialing, cancelling; /* threads */
};

/* One try, on its way to a thread and back. */
struct dial {
        struct post post; /* first: the way back */
        struct shared *shared;
        struct pgsql_dialer *dialer; /* NULL: left. The loop's thread */
        const struct host *host;
        uint64_t deadline;
        PGconn *conn; /* NULL: the reason says why */
        struct reason reason;
        atomic_bool is_left; /* by either the loop or the thread */
};

struct cancelling {
        struct shared *shared;
        PGcancel *cancel;
        size_t queries;
};

struct pgsql_dialer {
        struct shared *shared;
        struct event *event;
        void (*done)(void *ctx, PGconn *conn, const struct reason *reason);
        void *ctx;
        struct dial *dial; /* NULL: none is under way */
};

static void unref(struct shared *shared)
{
        if (atomic_fetch_sub(&shared->references, 1) != 1)
                return;
        pgsql_login_unref(shared->login);
        if (shared->events != NULL)
                events_unref(shared->events);
        free(shared);
}

struct pgsql_dialer *pgsql_dialer_new(const struct table_env *env,
        struct pgsql_login *login,
        void (*done)(void *ctx, PGconn *conn, const struct reason *reason),
        void *ctx)
{
        struct pgsql_dialer *dialer = calloc(1, sizeof(*dialer));
        struct shared *shared = calloc(1, sizeof(*shared));

        if (dialer == NULL || shared == NULL) {
                free(dialer);
                free(shared);
                return NULL;
        }
        atomic_init(&shared->references, 1);
        atomic_init(&shared->dialing, 0);
        atomic_init(&shared->cancelling, 0);
        openssl_keep(); /* for threads that are left to connect */
        shared->login = pgsql_login_ref(login);
        shared->events = env->events != NULL ? events_ref(env->events) : NULL;
        dialer->shared = shared;
        dialer->done = done;
        dialer->ctx = ctx;
        return dialer;
}

/*
 * Starts a thread, if there are not too many that `count` counts. Returns 0 or
 * a negative errno.
 */
static int start_thread(struct shared *shared, atomic_uint *count,
        void *(*run)(void *ctx), void *ctx)
{
        int r = -EBUSY;

        atomic_fetch_add(&shared->references, 1);
        if (atomic_fetch_add(count, 1) < THREADS_MAX)
                r = thread_start(run, ctx);
        if (r == 0)
                return 0;
        atomic_fetch_sub(count, 1);
        unref(shared);
        return r;
}

static void free_dial(struct dial *dial)
{
        PQfinish(dial->conn);
        free(dial);
}

/* On a thread. */
static void *run_dial(void *ctx)
{
        struct dial *dial = ctx;
        struct shared *shared = dial->shared;

        if (pgsql_connect(shared->login, dial->host, dial->deadline,
                    &dial->conn, &dial->reason) < 0)
                dial->conn = NULL;
        atomic_fetch_sub(&shared->dialing, 1);
        if (atomic_exchange(&dial->is_left, true) ||
                !events_post(shared->events, &dial->post))
                free_dial(dial);
        unref(shared);
        return NULL;
}

/* The thread, or the post that it has sent, frees it. */
static void leave_dial(struct pgsql_dialer *dialer)
{
        struct dial *dial = dialer->dial;

        dialer->dial = NULL;
        dial->dialer = NULL;
        atomic_exchange(&dial->is_left, true);
}

static void come_back(struct post *post)
{
        struct dial *dial = (struct dial *)post;
        struct pgsql_dialer *dialer = dial->dialer;
        struct reason reason = dial->reason;
        PGconn *conn = dial->conn;

        if (dialer == NULL) {
                free_dial(dial);
                return;
        }
        free(dial);
        dialer->dial = NULL;
        event_at(dialer->event, UINT64_MAX);
        dialer->done(dialer->ctx, conn, &reason);
}

static void on_due(void *ctx)
{
        struct pgsql_dialer *dialer = ctx;
        struct reason reason;

        leave_dial(dialer);
        reason_set_errno(&reason, -ETIMEDOUT, "connect");
        dialer->done(dialer->ctx, NULL, &reason);
}

static struct dial *make_dial(
        struct pgsql_dialer *dialer, const struct host *host)
{
        struct dial *dial = calloc(1, sizeof(*dial));

        if (dial == NULL)
                return NULL;
        dial->post.run = come_back;
        dial->shared = dialer->shared;
        dial->dialer = dialer;
        dial->host = host;
        dial->deadline = events_now() + DIALER_TIME;
        atomic_init(&dial->is_left, false);
        return dial;
}

int pgsql_dialer_start(struct pgsql_dialer *dialer, const struct host *host,
        struct reason *ret_reason)
{
        struct shared *shared = dialer->shared;
        struct dial *dial = NULL;
        int r = -ENOMEM;

        if (dialer->event == NULL)
                dialer->event = event_new(shared->events, NULL, on_due, dialer);
        if (dialer->event != NULL)
                dial = make_dial(dialer, host);
        if (dial != NULL)
                r = start_thread(shared, &shared->dialing, run_dial, dial);
        if (r < 0) {
                reason_set_errno(ret_reason, r, "connect");
                free(dial);
                return r;
        }
        dialer->dial = dial;
        event_at(dialer->event, events_now() + DIALER_TIME + NAME_TIME);
        return 0;
}

/* On a thread. */
static void *run_cancel(void *ctx)
{
        struct cancelling *cancelling = ctx;
        struct shared *shared = cancelling->shared;
        char text[256];

        /* Each ends the query that is run, and the next one begins. */
        for (size_t i = 0; i < cancelling->queries; i++) {
                if (i > 0)
                        poll(NULL, 0, CANCEL_PAUSE);
                PQcancel(cancelling->cancel, text, sizeof(text));
        }
        PQfreeCancel(cancelling->cancel);
        free(cancelling);
        atomic_fetch_sub(&shared->cancelling, 1);
        unref(shared);
        return NULL;
}

void pgsql_dialer_cancel(
        struct pgsql_dialer *dialer, PGconn *conn, size_t queries)
{
        struct shared *shared = dialer->shared;
        struct cancelling *cancelling = malloc(sizeof(*cancelling));

        if (cancelling == NULL)
                return;
        cancelling->shared = shared;
        cancelling->queries = queries;
        cancelling->cancel = PQgetCancel(conn);
        if (cancelling->cancel != NULL &&
                start_thread(shared, &shared->cancelling, run_cancel,
                        cancelling) == 0)
                return;
        PQfreeCancel(cancelling->cancel);
        free(cancelling);
}

void pgsql_dialer_close(struct pgsql_dialer *dialer)
{
        if (dialer == NULL)
                return;
        if (dialer->dial != NULL)
                leave_dial(dialer);
        event_free(dialer->event);
        unref(dialer->shared);
        free(dialer);
}
