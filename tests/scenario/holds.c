/* SPDX-License-Identifier: MIT */
/* Held requests: one answer, whoever gives it, whenever, whoever is gone. */
#include "harness.h"

#include "check.h"

#include <stdatomic.h>

static struct mailbox box = MAILBOX_INIT;

struct fixture {
        struct running running;
        struct socketmap_server *server;
        int client;
};

/* A server with the maps "inline" and "worker", which hold. */
static void fixture_init(struct fixture *f, unsigned deadline)
{
        f->server = must(socketmap_server_new(), "server");
        socketmap_server_add_map(f->server, "inline", look_and_hold, &box,
                SOCKETMAP_INLINE | SOCKETMAP_BINARY);
        socketmap_server_add_map(
                f->server, "worker", look_and_hold, &box, SOCKETMAP_BINARY);
        static char fine[] = "fine";
        socketmap_server_add_map(
                f->server, "say", look_and_say, fine, SOCKETMAP_INLINE);
        must_be_zero(socketmap_server_set_limit(
                             f->server, SOCKETMAP_LIMIT_DEADLINE, deadline),
                "deadline");
        running_start(&f->running, f->server);
        f->client = connect_to(f->server);
}

static void fixture_fini(struct fixture *f)
{
        CHECK_INT(running_end(&f->running), 0);
        close(f->client);
}

/* Nothing but what was asked for comes: the next answer is the next one. */
static void check_in_step(struct fixture *f)
{
        ask(f->client, "say", "");
        CHECK_STR(answer(f->client), "OK fine");
}

static const char *const both[] = {"inline", "worker"};

static void test_answered_from_another_thread(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (int i = 0; i < 20; i++) {
                struct socketmap_request *request;

                ask(f.client, both[i % 2], "a key");
                request = mailbox_take(&box);
                CHECK_STR(socketmap_request_name(request), both[i % 2]);
                CHECK_INT(socketmap_request_name_size(request), 6);
                CHECK_STR(socketmap_request_key(request), "a key");
                CHECK_INT(socketmap_request_key_size(request), 5);
                CHECK(socketmap_request_remaining(request) <= 20000);
                CHECK(socketmap_request_remaining(request) > 1000);
                CHECK_INT(socketmap_reply_ok(request, "late"), 0);
                CHECK_STR(answer(f.client), "OK late");
                CHECK_INT(socketmap_reply_ok(request, "again"), -EALREADY);
                CHECK_INT(socketmap_reply_notfound(request), -EALREADY);
                CHECK_STR(socketmap_request_key(request), "a key");
                socketmap_request_release(request);
                check_in_step(&f);
        }
        fixture_fini(&f);
}

static void test_every_status(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (int i = 0; i < 12; i++) {
                static const char *const expected[] = {"OK ", "NOTFOUND ",
                        "TEMP why", "TIMEOUT why", "PERM why", "OK v"};
                struct socketmap_request *request;
                int r = -1;

                ask(f.client, both[i % 2], "");
                request = mailbox_take(&box);
                switch (i / 2) {
                case 0:
                        r = socketmap_reply_ok(request, NULL);
                        break;
                case 1:
                        r = socketmap_reply_notfound(request);
                        break;
                case 2:
                        r = socketmap_reply_temp(request, "why");
                        break;
                case 3:
                        r = socketmap_reply_timeout(request, "why");
                        break;
                case 4:
                        r = socketmap_reply_perm(request, "why");
                        break;
                default:
                        r = socketmap_reply(request, SOCKETMAP_OK, "vwx", 1);
                }
                CHECK_INT(r, 0);
                socketmap_request_release(request);
                CHECK_STR(answer(f.client), expected[i / 2]);
        }
        check_in_step(&f);
        fixture_fini(&f);
}

static void test_texts_that_cannot_be_sent(void)
{
        static char large[100001];
        struct fixture f;

        memset(large, 'x', sizeof(large));
        fixture_init(&f, 20000);
        for (int i = 0; i < 10; i++) {
                static const int expected[] = {
                        -EINVAL, -EINVAL, -EINVAL, -EMSGSIZE, 0};
                struct socketmap_request *request;
                int r;

                ask(f.client, both[i % 2], "");
                request = mailbox_take(&box);
                if (i / 2 == 0)
                        r = socketmap_reply(request, SOCKETMAP_OK, "a\0b", 3);
                else if (i / 2 == 1)
                        r = socketmap_reply(
                                request, (enum socketmap_status)0, "x", 1);
                else if (i / 2 == 2)
                        r = socketmap_reply(
                                request, (enum socketmap_status)6, "x", 1);
                else
                        r = socketmap_reply(request, SOCKETMAP_OK, large,
                                i / 2 == 3 ? 99998 : 99997);
                CHECK_INT(r, expected[i / 2]);
                CHECK(starts_with(answer(f.client),
                        expected[i / 2] == 0 ? "OK x" : "TEMP "));
                CHECK_INT(socketmap_reply_ok(request, "v"), -EALREADY);
                socketmap_request_release(request);
        }
        check_in_step(&f);
        fixture_fini(&f);
}

static void test_binary_and_large_keys(void)
{
        static char bytes[100020], key[100000];
        struct fixture f;
        size_t size;

        fixture_init(&f, 20000);
        for (size_t i = 0; i < sizeof(key); i++)
                key[i] = (char)(i * 7);
        for (int i = 0; i < 2; i++) {
                struct socketmap_request *request;

                must_be_zero(socketmap_request_format(both[i], 6, key,
                                     sizeof(key), bytes, sizeof(bytes), &size),
                        "request");
                send_bytes(f.client, bytes, size);
                request = mailbox_take(&box);
                CHECK_INT(socketmap_request_key_size(request), sizeof(key));
                CHECK(memcmp(socketmap_request_key(request), key,
                              sizeof(key)) == 0);
                CHECK_INT(socketmap_request_key(request)[sizeof(key)], 0);
                socketmap_reply_notfound(request);
                socketmap_request_release(request);
                CHECK_STR(answer(f.client), "NOTFOUND ");
        }
        fixture_fini(&f);
}

static void test_released_without_an_answer(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (int i = 0; i < 2; i++) {
                ask(f.client, both[i], "");
                socketmap_request_release(mailbox_take(&box));
                CHECK(starts_with(answer(f.client), "TEMP "));
        }
        socketmap_request_release(NULL);
        check_in_step(&f);
        fixture_fini(&f);
}

/* --- several holds, and holds that end inside the lookup function --- */

static void look_hold_twice(struct socketmap_request *request, void *ctx)
{
        struct socketmap_request *first = socketmap_request_hold(request);
        struct socketmap_request *second = socketmap_request_hold(request);

        mailbox_put(ctx, first);
        mailbox_put((struct mailbox *)ctx + 1, second);
}

static void look_hold_and_release(struct socketmap_request *request, void *ctx)
{
        struct socketmap_request *held = socketmap_request_hold(request);

        (void)ctx;
        if (strcmp(socketmap_request_key(request), "first") == 0)
                socketmap_reply_ok(request, "first");
        held = must(held, "hold");
        if (strcmp(socketmap_request_key(held), "then") == 0)
                socketmap_reply_ok(held, "then");
        socketmap_request_release(held);
        if (strcmp(socketmap_request_key(request), "first") == 0 &&
                socketmap_reply_ok(request, "second") != -EALREADY)
                abort();
}

static void look_reply_and_hold(struct socketmap_request *request, void *ctx)
{
        struct socketmap_request *held;

        socketmap_reply_ok(request, "before");
        held = socketmap_request_hold(request);
        mailbox_put(ctx, must(held, "hold"));
}

static struct mailbox boxes[2] = {MAILBOX_INIT, MAILBOX_INIT};

static void test_several_holds(void)
{
        struct fixture f;
        struct running *running = &f.running;

        f.server = must(socketmap_server_new(), "server");
        socketmap_server_add_map(
                f.server, "inline", look_hold_twice, boxes, SOCKETMAP_INLINE);
        socketmap_server_add_map(f.server, "worker", look_hold_twice, boxes, 0);
        running_start(running, f.server);
        f.client = connect_to(f.server);
        for (int i = 0; i < 4; i++) {
                struct socketmap_request *first, *second;

                ask(f.client, both[i % 2], "key");
                first = mailbox_take(&boxes[0]);
                second = mailbox_take(&boxes[1]);
                socketmap_request_release(first);
                CHECK_STR(answer_within(f.client, 30), "(silence)");
                CHECK_STR(socketmap_request_key(second), "key");
                if (i < 2)
                        CHECK_INT(socketmap_reply_ok(second, "v"), 0);
                socketmap_request_release(second);
                CHECK(starts_with(answer(f.client), i < 2 ? "OK v" : "TEMP "));
        }
        fixture_fini(&f);
}

static void test_holds_that_end_inside(void)
{
        struct fixture f;

        f.server = must(socketmap_server_new(), "server");
        socketmap_server_add_map(f.server, "inline", look_hold_and_release,
                NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                f.server, "worker", look_hold_and_release, NULL, 0);
        running_start(&f.running, f.server);
        f.client = connect_to(f.server);
        for (int i = 0; i < 2; i++) {
                ask(f.client, both[i], "never");
                CHECK(starts_with(answer(f.client), "TEMP "));
                ask(f.client, both[i], "then");
                CHECK_STR(answer(f.client), "OK then");
                ask(f.client, both[i], "first");
                CHECK_STR(answer(f.client), "OK first");
        }
        CHECK_STR(answer_within(f.client, 30), "(silence)");
        fixture_fini(&f);
}

static void test_hold_after_the_reply(void)
{
        struct fixture f;

        f.server = must(socketmap_server_new(), "server");
        socketmap_server_add_map(f.server, "inline", look_reply_and_hold, &box,
                SOCKETMAP_INLINE);
        socketmap_server_add_map(
                f.server, "worker", look_reply_and_hold, &box, 0);
        running_start(&f.running, f.server);
        f.client = connect_to(f.server);
        for (int i = 0; i < 4; i++) {
                struct socketmap_request *request;

                ask(f.client, both[i % 2], "key");
                request = mailbox_take(&box);
                CHECK_STR(answer(f.client), "OK before");
                CHECK_INT(socketmap_reply_temp(request, ""), -EALREADY);
                CHECK_STR(socketmap_request_key(request), "key");
                socketmap_request_release(request);
        }
        CHECK_STR(answer_within(f.client, 30), "(silence)");
        fixture_fini(&f);
}

/* A worker whose hold ends on another thread before the lookup returns. */
static struct mailbox handed = MAILBOX_INIT, returned = MAILBOX_INIT;
static atomic_int last_result;

static void look_until_released(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        mailbox_put(&handed, must(socketmap_request_hold(request), "hold"));
        mailbox_take(&returned);
        atomic_store(&last_result, socketmap_reply_ok(request, "mine"));
}

static void test_last_hold_ends_during_the_lookup(void)
{
        struct fixture f;

        f.server = must(socketmap_server_new(), "server");
        socketmap_server_add_map(
                f.server, "worker", look_until_released, NULL, 0);
        running_start(&f.running, f.server);
        f.client = connect_to(f.server);
        for (int i = 0; i < 4; i++) {
                struct socketmap_request *request;
                const char *got;

                ask(f.client, "worker", "key");
                request = mailbox_take(&handed);
                if (i % 2)
                        CHECK_INT(socketmap_reply_ok(request, "theirs"), 0);
                socketmap_request_release(request);
                mailbox_put(&returned, (struct socketmap_request *)&f);
                got = answer(f.client);
                if (i % 2)
                        CHECK_STR(got, "OK theirs");
                else
                        CHECK(starts_with(got, "TEMP ") ||
                                strcmp(got, "OK mine") == 0);
        }
        CHECK_STR(answer_within(f.client, 30), "(silence)");
        fixture_fini(&f);
        CHECK_INT(atomic_load(&last_result), -EALREADY);
}

/* --- too late --- */

static void test_after_the_deadline(void)
{
        struct fixture f;

        fixture_init(&f, 300);
        for (int i = 0; i < 4; i++) {
                struct socketmap_request *request;

                ask(f.client, both[i % 2], "key");
                request = mailbox_take(&box);
                CHECK(starts_with(answer(f.client), "TIMEOUT "));
                CHECK_INT(socketmap_request_remaining(request), 0);
                CHECK_STR(socketmap_request_key(request), "key");
                if (i < 2)
                        CHECK_INT(socketmap_reply_ok(request, "v"), -ETIMEDOUT);
                socketmap_request_release(request);
                check_in_step(&f);
        }
        CHECK_INT(socketmap_server_get_count(f.server, SOCKETMAP_COUNT_TIMEOUT),
                4);
        fixture_fini(&f);
}

static void test_after_the_client_is_gone(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (unsigned i = 0; i < 4; i++) {
                struct socketmap_request *request;
                int client = connect_to(f.server);

                ask(client, both[i % 2], "key");
                request = mailbox_take(&box);
                close(client);
                CHECK(counter_reaches(
                        f.server, SOCKETMAP_COUNT_CANCELED, i + 1));
                CHECK_STR(socketmap_request_key(request), "key");
                if (i < 2)
                        CHECK_INT(socketmap_reply_ok(request, "v"), -ECANCELED);
                socketmap_request_release(request);
        }
        check_in_step(&f);
        fixture_fini(&f);
}

static void test_after_the_server_is_gone(void)
{
        for (int i = 0; i < 4; i++) {
                struct socketmap_request *request;
                struct fixture f;

                fixture_init(&f, 20000);
                ask(f.client, both[i % 2], "key");
                request = mailbox_take(&box);
                CHECK_INT(running_end(&f.running), 0);
                CHECK_STR(answer(f.client), "(end)");
                CHECK_STR(socketmap_request_name(request), both[i % 2]);
                CHECK_STR(socketmap_request_key(request), "key");
                CHECK(socketmap_request_remaining(request) <= 20000);
                if (i < 2) {
                        CHECK_INT(socketmap_reply_ok(request, "v"), -ECANCELED);
                        CHECK(socketmap_reply_ok(request, "v") < 0);
                }
                socketmap_request_release(request);
                close(f.client);
        }
}

/* --- races --- */

struct race {
        pthread_barrier_t start;
        struct socketmap_request *request;
        atomic_int wins, already, timed_out, canceled, others;
        bool release;
};

static void race_init(struct race *race, unsigned threads)
{
        memset(race, 0, sizeof(*race));
        pthread_barrier_init(&race->start, NULL, threads);
}

static void *race_reply(void *ctx)
{
        struct race *race = ctx;
        int r;

        pthread_barrier_wait(&race->start);
        r = socketmap_reply_ok(race->request, "won");
        if (race->release)
                socketmap_request_release(race->request);
        atomic_fetch_add(r == 0            ? &race->wins
                         : r == -EALREADY  ? &race->already
                         : r == -ETIMEDOUT ? &race->timed_out
                         : r == -ECANCELED ? &race->canceled
                                           : &race->others,
                1);
        return NULL;
}

static void test_eight_threads_answer_one_request(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (int i = 0; i < 100; i++) {
                pthread_t threads[8];
                struct race race;

                race_init(&race, 8);
                ask(f.client, both[i % 2], "key");
                race.request = mailbox_take(&box);
                for (int t = 0; t < 8; t++)
                        pthread_create(&threads[t], NULL, race_reply, &race);
                for (int t = 0; t < 8; t++)
                        pthread_join(threads[t], NULL);
                CHECK_INT(race.wins, 1);
                CHECK_INT(race.already, 7);
                CHECK_STR(answer(f.client), "OK won");
                socketmap_request_release(race.request);
                pthread_barrier_destroy(&race.start);
        }
        check_in_step(&f);
        fixture_fini(&f);
}

static void test_answer_against_deadline(void)
{
        struct fixture f;
        int in_time = 0, late = 0;

        fixture_init(&f, 4);
        for (int i = 0; i < 300; i++) {
                struct socketmap_request *request;
                const char *got;
                int r;

                ask(f.client, "inline", "key");
                request = mailbox_take(&box);
                while (i % 3 > 0 && socketmap_request_remaining(request) >
                                            (unsigned)(i % 3 - 1))
                        continue;
                r = socketmap_reply_ok(request, "in time");
                got = answer(f.client);
                CHECK(r == 0 || r == -ETIMEDOUT);
                if (r == 0)
                        CHECK_STR(got, "OK in time");
                else
                        CHECK(starts_with(got, "TIMEOUT "));
                in_time += r == 0;
                late += r != 0;
                socketmap_request_release(request);
        }
        printf("# %d in time, %d late\n", in_time, late);
        ask(f.client, "say", "");
        CHECK(starts_with(answer(f.client), "OK fine"));
        fixture_fini(&f);
}

static void test_answer_against_hang_up(void)
{
        struct fixture f;

        fixture_init(&f, 20000);
        for (int i = 0; i < 200; i++) {
                int client = connect_to(f.server);
                pthread_t thread;
                struct race race;

                race_init(&race, 2);
                race.release = true;
                ask(client, both[i % 2], "key");
                race.request = mailbox_take(&box);
                pthread_create(&thread, NULL, race_reply, &race);
                pthread_barrier_wait(&race.start);
                close(client);
                pthread_join(thread, NULL);
                CHECK_INT(race.wins + race.canceled, 1);
                pthread_barrier_destroy(&race.start);
        }
        check_in_step(&f);
        fixture_fini(&f);
}

static void test_answer_against_the_servers_end(void)
{
        for (int i = 0; i < 100; i++) {
                pthread_t thread;
                struct fixture f;
                struct race race;

                fixture_init(&f, 20000);
                race_init(&race, 2);
                race.release = true;
                ask(f.client, both[i % 2], "key");
                race.request = mailbox_take(&box);
                pthread_create(&thread, NULL, race_reply, &race);
                pthread_barrier_wait(&race.start);
                fixture_fini(&f);
                pthread_join(thread, NULL);
                CHECK_INT(race.wins + race.canceled, 1);
                pthread_barrier_destroy(&race.start);
        }
}

int main(void)
{
        RUN(test_answered_from_another_thread);
        RUN(test_every_status);
        RUN(test_texts_that_cannot_be_sent);
        RUN(test_binary_and_large_keys);
        RUN(test_released_without_an_answer);
        RUN(test_several_holds);
        RUN(test_holds_that_end_inside);
        RUN(test_hold_after_the_reply);
        RUN(test_last_hold_ends_during_the_lookup);
        RUN(test_after_the_deadline);
        RUN(test_after_the_client_is_gone);
        RUN(test_after_the_server_is_gone);
        RUN(test_eight_threads_answer_one_request);
        RUN(test_answer_against_deadline);
        RUN(test_answer_against_hang_up);
        RUN(test_answer_against_the_servers_end);
        return check_done();
}
