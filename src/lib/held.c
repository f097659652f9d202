/* SPDX-License-Identifier: MIT */
#include "lib/held.h"
#include "lib/reply.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mailbox {
        atomic_uint references; /* the server's and each held request's */
        pthread_mutex_t mutex;
        bool closed;
        bool woken; /* the server's thread is about to look */
        void (*wake)(void *ctx);
        void *ctx;
        struct held *first;
        struct held *last;
        struct buffer fds; /* array of int */
        uint64_t late;     /* answers after the deadline */
};

struct mailbox *mailbox_new(void (*wake)(void *ctx), void *ctx)
{
        struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

        if (mailbox == NULL)
                return NULL;
        mailbox->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
        atomic_init(&mailbox->references, 1);
        mailbox->wake = wake;
        mailbox->ctx = ctx;
        return mailbox;
}

static void mailbox_unref(struct mailbox *mailbox)
{
        if (atomic_fetch_sub(&mailbox->references, 1) != 1)
                return;
        pthread_mutex_destroy(&mailbox->mutex);
        free(mailbox);
}

void mailbox_close(struct mailbox *mailbox)
{
        struct posted posted;
        int fd;

        if (mailbox == NULL)
                return;
        pthread_mutex_lock(&mailbox->mutex);
        mailbox->closed = true;
        pthread_mutex_unlock(&mailbox->mutex);
        while (mailbox_take(mailbox, &posted)) {
                if (posted.last)
                        held_free(posted.held);
        }
        while ((fd = mailbox_take_fd(mailbox)) >= 0)
                close(fd);
        buffer_clear(&mailbox->fds);
        mailbox_unref(mailbox);
}

/*
 * Wakes the server's thread, once until it has looked. The mutex is held, so
 * that nobody wakes a server that is gone.
 */
static void wake(struct mailbox *mailbox)
{
        if (mailbox->woken)
                return;
        mailbox->woken = true;
        mailbox->wake(mailbox->ctx);
}

/* Leaves a held request for the server's thread. The mutex is held. */
static void post(struct mailbox *mailbox, struct held *held)
{
        if (held->posted)
                return;
        held->posted = true;
        held->next_posted = NULL;
        if (mailbox->first == NULL)
                mailbox->first = held;
        else
                mailbox->last->next_posted = held;
        mailbox->last = held;
}

void mailbox_look(struct mailbox *mailbox)
{
        pthread_mutex_lock(&mailbox->mutex);
        mailbox->woken = false;
        pthread_mutex_unlock(&mailbox->mutex);
}

uint64_t mailbox_late(struct mailbox *mailbox)
{
        uint64_t late;

        pthread_mutex_lock(&mailbox->mutex);
        late = mailbox->late;
        pthread_mutex_unlock(&mailbox->mutex);
        return late;
}

bool mailbox_take(struct mailbox *mailbox, struct posted *ret_posted)
{
        struct held *held;

        pthread_mutex_lock(&mailbox->mutex);
        held = mailbox->first;
        if (held != NULL) {
                mailbox->first = held->next_posted;
                held->posted = false;
                *ret_posted = (struct posted){.held = held,
                        .answered = held->state == HELD_ANSWERED,
                        .last = held->holds == 0};
        }
        pthread_mutex_unlock(&mailbox->mutex);
        return held != NULL;
}

int mailbox_post_fd(struct mailbox *mailbox, int fd)
{
        int r = -ECANCELED;

        pthread_mutex_lock(&mailbox->mutex);
        if (!mailbox->closed) {
                r = buffer_append(&mailbox->fds, &fd, sizeof(fd));
                if (r == 0)
                        wake(mailbox);
        }
        pthread_mutex_unlock(&mailbox->mutex);
        return r;
}

int mailbox_take_fd(struct mailbox *mailbox)
{
        int fd = -1;

        pthread_mutex_lock(&mailbox->mutex);
        if (mailbox->fds.size > 0) {
                mailbox->fds.size -= sizeof(fd);
                memcpy(&fd, mailbox->fds.data + mailbox->fds.size, sizeof(fd));
        }
        pthread_mutex_unlock(&mailbox->mutex);
        return fd;
}

struct held *held_new(const struct socketmap_request *request,
        struct mailbox *mailbox, struct generation *generation)
{
        size_t bytes = request->name_size + request->key_size + 2;
        struct held *held = malloc(sizeof(*held) + bytes);
        char *key;

        if (held == NULL)
                return NULL;
        memset(held, 0, sizeof(*held));
        key = held->bytes + request->name_size + 1;
        memcpy(held->bytes, request->name, request->name_size + 1);
        memcpy(key, request->key, request->key_size + 1);
        held->request = *request;
        held->request.name = held->bytes;
        held->request.key = key;
        held->request.held = held;
        held->request.call = NULL;
        held->holds = 1;
        held->mailbox = mailbox;
        atomic_fetch_add(&mailbox->references, 1);
        held->generation = generation;
        generation_ref(generation);
        return held;
}

void held_free(struct held *held)
{
        generation_unref(held->generation);
        mailbox_unref(held->mailbox);
        buffer_clear(&held->reply);
        free(held);
}

size_t held_size(const struct held *held)
{
        return sizeof(*held) + held->request.name_size +
               held->request.key_size + 2;
}

bool held_close(struct held *held, enum held_state state)
{
        bool open;

        pthread_mutex_lock(&held->mailbox->mutex);
        open = held->state == HELD_OPEN;
        if (open)
                held->state = state;
        pthread_mutex_unlock(&held->mailbox->mutex);
        return open;
}

bool held_is_open(struct held *held)
{
        bool open;

        pthread_mutex_lock(&held->mailbox->mutex);
        open = held->state == HELD_OPEN && !held->mailbox->closed;
        pthread_mutex_unlock(&held->mailbox->mutex);
        return open;
}

/* Why a request can't be answered, or 0. The mutex is held. */
static int refuse(const struct held *held)
{
        switch (held->state) {
        case HELD_ANSWERED:
                return -EALREADY;
        case HELD_EXPIRED:
                return -ETIMEDOUT;
        case HELD_CANCELED:
                return -ECANCELED;
        case HELD_OPEN:
                break;
        }
        return held->mailbox->closed ? -ECANCELED : 0;
}

/*
 * Makes the reply the answer and posts it, unless it is too late. The bytes
 * were formatted before, outside the mutex.
 */
static int answer(
        struct held *held, struct buffer *reply, enum socketmap_status status)
{
        struct mailbox *mailbox = held->mailbox;
        int r;

        pthread_mutex_lock(&mailbox->mutex);
        r = refuse(held);
        if (r == 0) {
                held->reply = *reply;
                held->status = status;
                held->state = HELD_ANSWERED;
                *reply = (struct buffer){0};
                post(mailbox, held);
                wake(mailbox);
        }
        mailbox->late += r == -ETIMEDOUT;
        pthread_mutex_unlock(&mailbox->mutex);
        buffer_clear(reply);
        return r;
}

int held_reply(struct held *held, enum socketmap_status status,
        const void *text, size_t size)
{
        struct buffer reply = {0};
        int formatted, r;

        formatted = reply_append(
                &reply, status, text, size, held->request.reply_limit, &status);
        if (formatted == -ENOMEM)
                status = SOCKETMAP_TEMP; /* an empty reply: sent without one */
        r = answer(held, &reply, status);
        return r < 0 ? r : formatted;
}

void held_hold(struct held *held)
{
        pthread_mutex_lock(&held->mailbox->mutex);
        held->holds++;
        pthread_mutex_unlock(&held->mailbox->mutex);
}

/*
 * The last hold is gone. One that nobody has answered gets TEMP at once; one
 * that only has to be freed waits until there is a better reason to wake the
 * server's thread, unless its maps are to be freed with it. The mutex is held.
 */
static void let_go(struct mailbox *mailbox, struct held *held)
{
        bool unanswered = held->state == HELD_OPEN;

        if (unanswered) {
                held->state = HELD_ANSWERED;
                held->status = SOCKETMAP_TEMP;
        }
        post(mailbox, held);
        if (unanswered || generation_is_retired(held->generation))
                wake(mailbox);
}

void held_release(struct held *held)
{
        struct mailbox *mailbox = held->mailbox;
        bool orphan = false;

        pthread_mutex_lock(&mailbox->mutex);
        held->holds--;
        if (held->holds == 0 && !mailbox->closed)
                let_go(mailbox, held);
        else if (held->holds == 0)
                orphan = !held->posted; /* else mailbox_close frees it */
        pthread_mutex_unlock(&mailbox->mutex);
        if (orphan)
                held_free(held);
}
