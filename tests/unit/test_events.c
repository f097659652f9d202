/* SPDX-License-Identifier: MIT */
#include "base/events_thread.h"
#include "base/thread.h"
#include "support/check.h"
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

/* A day: whoever waits for it waits too long. */
#define LATER_MS 86400000

/* What happens is written down as letters, in its order. */
struct scene {
        struct events *events;
        char happened[16];
};

struct note {
        struct post post; /* first */
        struct scene *scene;
        char letter;
};

static void happen(struct scene *scene, char letter)
{
        char text[2] = {letter, '\0'};

        CHECK(strlen(scene->happened) + 1 < sizeof(scene->happened));
        strcat(scene->happened, text);
}

static void run_note(struct post *post)
{
        struct note *note = (struct note *)post;

        happen(note->scene, note->letter);
}

static struct note note_new(struct scene *scene, char letter)
{
        return (struct note){{.run = run_note}, scene, letter};
}

static void begin(struct scene *scene, uv_loop_t *loop)
{
        CHECK_INT(uv_loop_init(loop), 0);
        *scene = (struct scene){.events = events_new(loop)};
        CHECK(scene->events != NULL);
}

static void end(struct scene *scene, uv_loop_t *loop)
{
        events_free(scene->events);
        uv_run(loop, UV_RUN_DEFAULT);
        CHECK_INT(uv_loop_close(loop), 0);
}

/* Runs the loop for a turn, with something that it would wait for. */
static void turn(struct scene *scene, uv_loop_t *loop)
{
        struct event *later = event_new(scene->events, NULL, NULL, NULL);

        event_at(later, events_now() + LATER_MS);
        uv_run(loop, UV_RUN_ONCE);
        event_free(later);
}

static void test_defer(void)
{
        struct scene scene;
        uv_loop_t loop;
        struct note a, b;

        begin(&scene, &loop);
        a = note_new(&scene, 'a');
        b = note_new(&scene, 'b');
        events_defer(scene.events, &a.post);
        events_defer(scene.events, &b.post);
        events_undefer(scene.events, &b.post);
        CHECK_STR(scene.happened, "");
        turn(&scene, &loop);
        CHECK_STR(scene.happened, "a");
        events_undefer(scene.events, &a.post);
        events_defer(scene.events, &b.post);
        turn(&scene, &loop);
        CHECK_STR(scene.happened, "ab");
        end(&scene, &loop);
}

struct watched {
        struct event *event;
        struct note *note;
};

static void on_ready(void *ctx, unsigned what)
{
        struct watched *watched = ctx;
        struct scene *scene = watched->note->scene;

        CHECK_INT(what & EVENT_READ, EVENT_READ);
        happen(scene, 'r');
        event_watch(watched->event, -1, 0);
        if (scene->happened[1] == '\0')
                events_defer(scene->events, &watched->note->post);
}

/* All that is ready comes first. */
static void test_defer_behind_ready(void)
{
        struct scene scene;
        uv_loop_t loop;
        struct note note;
        struct watched watched[2];
        int fd[2];

        begin(&scene, &loop);
        note = note_new(&scene, 'd');
        for (int i = 0; i < 2; i++) {
                fd[i] = eventfd(1, EFD_CLOEXEC);
                watched[i].note = &note;
                watched[i].event =
                        event_new(scene.events, on_ready, NULL, &watched[i]);
                CHECK_INT(event_watch(watched[i].event, fd[i], EVENT_READ), 0);
        }
        turn(&scene, &loop);
        CHECK_STR(scene.happened, "rrd");
        for (int i = 0; i < 2; i++) {
                event_free(watched[i].event);
                close(fd[i]);
        }
        end(&scene, &loop);
}

static void test_post_at_the_end(void)
{
        struct scene scene;
        uv_loop_t loop;
        struct note posted, deferred;

        begin(&scene, &loop);
        posted = note_new(&scene, 'p');
        deferred = note_new(&scene, 'd');
        events_post(scene.events, &posted.post);
        events_defer(scene.events, &deferred.post);
        end(&scene, &loop);
        CHECK_STR(scene.happened, "p");
}

struct last_note {
        struct ending ending; /* first */
        struct note note;
};

/* It may still post. */
static void run_last(struct ending *ending)
{
        struct last_note *last = (struct last_note *)ending;

        happen(last->note.scene, '.');
        events_post(last->note.scene->events, &last->note.post);
        ending_take_back(ending);
}

static void test_end(void)
{
        uv_loop_t loop;
        struct scene scene;
        struct last_note notes[3];

        begin(&scene, &loop);
        for (int i = 0; i < 3; i++) {
                notes[i].ending.run = run_last;
                notes[i].note = note_new(&scene, (char)('a' + i));
                events_at_end(scene.events, &notes[i].ending);
        }
        ending_take_back(&notes[1].ending);
        end(&scene, &loop);
        CHECK_STR(scene.happened, "..ca");
}

struct last_post {
        struct post post; /* first */
        struct scene *scene;
        int gone;
};

static void run_last_post(struct post *post)
{
        struct last_post *last = (struct last_post *)post;
        uint64_t one = 1;

        happen(last->scene, '.');
        CHECK(write(last->gone, &one, sizeof(one)) == sizeof(one));
}

/* What is posted runs on the thread, in its order, and `last` after it. */
static void test_thread(void)
{
        struct scene scene = {0};
        struct events_thread *thread;
        struct note notes[3];
        struct last_post last = {.post.run = run_last_post, .scene = &scene};
        uint64_t count;

        last.gone = eventfd(0, EFD_CLOEXEC);
        CHECK(last.gone >= 0);
        CHECK_INT(events_thread_start(&thread), 0);
        scene.events = events_thread_events(thread);
        for (int i = 0; i < 3; i++)
                notes[i] = note_new(&scene, (char)('a' + i));
        events_leave(scene.events, &notes[0].post);
        events_post(scene.events, &notes[1].post);
        events_leave(scene.events, &notes[2].post);
        events_thread_end(thread, &last.post);
        CHECK(read(last.gone, &count, sizeof(count)) == sizeof(count));
        CHECK_STR(scene.happened, "abc.");
        close(last.gone);
}

/* What is left is called when the loop is woken up for it, and not before. */
static void test_leave(void)
{
        uv_loop_t loop;
        struct scene scene;
        struct note note;

        begin(&scene, &loop);
        note = note_new(&scene, 'a');
        events_leave(scene.events, &note.post);
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_STR(scene.happened, "");
        events_wake(scene.events);
        turn(&scene, &loop);
        CHECK_STR(scene.happened, "a");
        end(&scene, &loop);
}

/* What comes of a post only at the end, and posts once more. */
struct chain {
        struct post post; /* first */
        struct ending ending;
        struct note last;
};

static void begin_to_end(struct post *post)
{
        struct chain *chain = (struct chain *)post;

        happen(chain->last.scene, 'p');
        events_at_end(chain->last.scene->events, &chain->ending);
}

static void end_chain(struct ending *ending)
{
        struct chain *chain = (struct chain *)((char *)ending -
                                               offsetof(struct chain, ending));

        happen(chain->last.scene, '.');
        ending_take_back(ending);
        CHECK(events_post(chain->last.scene->events, &chain->last.post));
}

static void test_post_of_the_last_ending(void)
{
        struct chain chain = {
                .post.run = begin_to_end, .ending.run = end_chain};
        struct scene scene;
        uv_loop_t loop;

        begin(&scene, &loop);
        chain.last = note_new(&scene, 'l');
        CHECK(events_post(scene.events, &chain.post));
        end(&scene, &loop);
        CHECK_STR(scene.happened, "p.l");
}

static void *post_late(void *ctx)
{
        struct note *note = ctx;

        CHECK(!events_post(note->scene->events, &note->post));
        CHECK(!events_leave(note->scene->events, &note->post));
        return NULL;
}

/* Whoever is late has to know: nobody else frees what it has posted. */
static void test_post_after_the_end(void)
{
        uv_loop_t loop;
        struct scene scene;
        struct note note;
        pthread_t thread;

        begin(&scene, &loop);
        note = note_new(&scene, 'n');
        CHECK(events_post(scene.events, &note.post));
        events_ref(scene.events);
        end(&scene, &loop);
        CHECK_STR(scene.happened, "n");
        CHECK_INT(pthread_create(&thread, NULL, post_late, &note), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK_STR(scene.happened, "n");
        events_unref(scene.events);
}

int main(void)
{
        RUN(test_end);
        RUN(test_leave);
        RUN(test_thread);
        RUN(test_defer);
        RUN(test_defer_behind_ready);
        RUN(test_post_at_the_end);
        RUN(test_post_of_the_last_ending);
        RUN(test_post_after_the_end);
        threads_join(UINT_MAX);
        return check_done();
}
