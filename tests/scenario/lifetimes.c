/* SPDX-License-Identifier: MIT */
/* Sets of maps: handed out, shared, swapped under load, and freed once. */
#include "harness.h"

#include "check.h"

#include <dirent.h>
#include <socketmap/client.h>
#include <stdatomic.h>

/* What a map of generation `number` answers with; freed by its set. */
struct generation {
        int number;
        atomic_int *frees;
        char text[16];
};

static struct generation *generation_new(int number, atomic_int *frees)
{
        struct generation *g = must(malloc(sizeof(*g)), "memory");

        g->number = number;
        g->frees = frees;
        snprintf(g->text, sizeof(g->text), "%d", number);
        return g;
}

static void generation_free(void *ctx)
{
        struct generation *g = ctx;

        atomic_fetch_add(g->frees, 1);
        memset(g, 0xee, sizeof(*g));
        free(g);
}

static void look_generation(struct socketmap_request *request, void *ctx)
{
        struct generation *g = ctx;

        socketmap_reply_ok(request, g->text);
}

static void look_generation_later(struct socketmap_request *request, void *ctx)
{
        struct generation *g = ctx;
        char text[16];

        memcpy(text, g->text, sizeof(text));
        pause_for(1);
        if (strcmp(text, g->text) != 0)
                abort();
        socketmap_reply_ok(request, text);
}

/* A set with the inline maps "a" and "b" and the worker map "w". */
static struct socketmap_maps *maps_of(int number, atomic_int *frees)
{
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");

        must_be_zero(socketmap_maps_add(maps, "a", look_generation,
                             generation_new(number, frees), generation_free,
                             SOCKETMAP_INLINE),
                "a");
        must_be_zero(socketmap_maps_add(maps, "b", look_generation,
                             generation_new(number, frees), generation_free,
                             SOCKETMAP_INLINE),
                "b");
        must_be_zero(socketmap_maps_add(maps, "w", look_generation_later,
                             generation_new(number, frees), generation_free, 0),
                "w");
        return maps;
}

static void test_never_handed_out(void)
{
        atomic_int frees = 0;

        socketmap_maps_free(maps_of(1, &frees));
        CHECK_INT(frees, 3);
        socketmap_maps_free(NULL);
}

static int add(struct socketmap_maps *maps, const char *name,
        socketmap_lookup_fn *lookup, unsigned flags, atomic_int *frees)
{
        return socketmap_maps_add(maps, name, lookup, generation_new(0, frees),
                generation_free, flags);
}

static void test_adding_fails(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        atomic_int frees = 0, kept = 0;
        struct socketmap_maps *maps = maps_of(1, &kept);

        CHECK_INT(add(maps, "a", look_generation, 0, &frees), -EEXIST);
        CHECK_INT(frees, 1);
        CHECK_INT(add(maps, "x y", look_generation, 0, &frees), -EINVAL);
        CHECK_INT(frees, 2);
        CHECK_INT(add(maps, "x", look_generation, 0x80, &frees), -EINVAL);
        CHECK_INT(frees, 3);
        CHECK_INT(add(maps, NULL, look_generation, 0, &kept), 0);
        CHECK_INT(add(maps, NULL, look_generation, 0, &frees), -EEXIST);
        CHECK_INT(frees, 4);
        CHECK_INT(add(maps, "", look_generation, 0, &kept), 0);
        CHECK_INT(add(maps, "", look_generation, 0, &frees), -EEXIST);
        CHECK_INT(frees, 5);
        CHECK_INT(socketmap_server_set_maps(server, maps), 0);
        CHECK_INT(add(maps, "late", look_generation, 0, &frees), -EBUSY);
        CHECK_INT(frees, 6);
        CHECK_INT(
                socketmap_maps_set_option(maps, "w", SOCKETMAP_MAP_WORKERS, 2),
                -EBUSY);
        CHECK_INT(kept, 0);
        socketmap_maps_free(maps);
        CHECK_INT(kept, 0);
        socketmap_server_free(server);
        CHECK_INT(kept, 5);
        CHECK_INT(frees, 6);
}

static void test_options(void)
{
        static const struct {
                const char *name;
                enum socketmap_map_option option;
                uint64_t value;
                int expected;
        } cases[] = {
                {"w", SOCKETMAP_MAP_WORKERS, 1, 0},
                {"w", SOCKETMAP_MAP_WORKERS, 1024, 0},
                {"w", SOCKETMAP_MAP_WORKERS, 0, -ERANGE},
                {"w", SOCKETMAP_MAP_WORKERS, 1025, -ERANGE},
                {"w", SOCKETMAP_MAP_WORKERS, UINT64_MAX, -ERANGE},
                {"w", SOCKETMAP_MAP_QUEUE, 1, 0},
                {"w", SOCKETMAP_MAP_QUEUE, UINT64_MAX, -ERANGE},
                {"w", (enum socketmap_map_option)0, 1, -EINVAL},
                {"w", (enum socketmap_map_option)3, 1, -EINVAL},
                {"nosuch", SOCKETMAP_MAP_QUEUE, 1, -ENOENT},
                {NULL, SOCKETMAP_MAP_QUEUE, 1, -ENOENT},
        };
        atomic_int frees = 0;
        struct socketmap_maps *maps = maps_of(1, &frees);

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                CHECK_INT(socketmap_maps_set_option(maps, cases[i].name,
                                  cases[i].option, cases[i].value),
                        cases[i].expected);
        CHECK_INT(add(maps, NULL, look_generation, 0, &frees), 0);
        CHECK_INT(socketmap_maps_set_option(maps, NULL, SOCKETMAP_MAP_QUEUE, 7),
                0);
        socketmap_maps_free(maps);
        CHECK_INT(frees, 4);
}

static void test_shared_by_servers_and_a_listener(void)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");
        struct socketmap_server *one = must(socketmap_server_new(), "server");
        struct socketmap_server *two = must(socketmap_server_new(), "server");
        atomic_int frees = 0, others = 0;
        struct socketmap_maps *maps = maps_of(1, &frees);
        struct socketmap_maps *other = maps_of(2, &others);

        CHECK_INT(socketmap_server_set_maps(one, maps), 0);
        CHECK_INT(socketmap_server_set_maps(one, maps), 0);
        CHECK_INT(socketmap_server_set_maps(two, maps), 0);
        socketmap_listen_options_set_maps(options, maps);
        CHECK_INT(socketmap_server_listen_fd(one, some_listener(), options), 0);
        socketmap_listen_options_free(options);
        socketmap_listen_options_free(NULL);
        socketmap_maps_free(maps);
        CHECK_INT(socketmap_server_set_maps(one, other), 0);
        CHECK_INT(socketmap_server_set_maps(two, other), 0);
        socketmap_maps_free(other);
        CHECK_INT(frees, 0);
        CHECK_INT(socketmap_server_dispatch(two), 0);
        socketmap_server_free(one);
        CHECK_INT(frees, 3);
        CHECK_INT(others, 0);
        socketmap_server_free(two);
        CHECK_INT(others, 3);
}

static void test_a_listeners_own_maps(void)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        char own[] = "own", general[] = "general", endpoint[128];
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");
        struct socketmap_client *client;
        struct socketmap_result result;
        struct running running;

        CHECK_INT(socketmap_maps_add(
                          maps, "m", look_and_say, own, NULL, SOCKETMAP_INLINE),
                0);
        CHECK_INT(socketmap_server_add_map(
                          server, "m", look_and_say, general, SOCKETMAP_INLINE),
                0);
        CHECK_INT(socketmap_server_add_map(
                          server, "n", look_and_say, general, SOCKETMAP_INLINE),
                0);
        socketmap_listen_options_set_maps(options, maps);
        socketmap_maps_free(maps);
        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", options),
                0);
        CHECK_INT(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL), 0);
        socketmap_listen_options_free(options);
        running_start(&running, server);
        for (size_t n = 0; n < 2; n++) {
                const char *expected = n == 0 ? own : general;

                CHECK_INT(socketmap_server_get_endpoint(
                                  server, n, endpoint, sizeof(endpoint)),
                        0);
                must_be_zero(socketmap_client_new(endpoint, &client, NULL),
                        "client");
                CHECK_INT(socketmap_client_lookup(
                                  client, "m", "", 0, &result, NULL),
                        0);
                CHECK_INT(result.status, SOCKETMAP_OK);
                CHECK_STR(result.text, expected);
                CHECK_INT(socketmap_client_lookup(
                                  client, "n", "", 0, &result, NULL),
                        0);
                CHECK_INT(
                        result.status, n == 0 ? SOCKETMAP_TEMP : SOCKETMAP_OK);
                socketmap_client_free(client);
        }
        CHECK_INT(running_end(&running), 0);
}

/* --- requests that outlive their map --- */

static struct mailbox box = MAILBOX_INIT;

static void look_hold_generation(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        mailbox_put(&box, must(socketmap_request_hold(request), "hold"));
}

static void test_freed_after_the_last_request(void)
{
        for (int worker = 0; worker < 2; worker++) {
                struct socketmap_server *server =
                        must(socketmap_server_new(), "server");
                struct socketmap_maps *maps =
                        must(socketmap_maps_new(), "maps");
                atomic_int frees = 0;
                struct socketmap_request *request;
                struct running running;
                int client;

                CHECK_INT(add(maps, "m", look_hold_generation,
                                  worker ? 0 : SOCKETMAP_INLINE, &frees),
                        0);
                CHECK_INT(socketmap_server_set_maps(server, maps), 0);
                socketmap_maps_free(maps);
                running_start(&running, server);
                client = connect_to(server);
                ask(client, "m", "key");
                request = mailbox_take(&box);
                CHECK_INT(running_end(&running), 0);
                CHECK_INT(frees, 0);
                CHECK_INT(socketmap_reply_ok(request, "v"), -ECANCELED);
                CHECK_INT(frees, 0);
                socketmap_request_release(request);
                CHECK_INT(frees, 1);
                close(client);
        }
}

/* --- swapping --- */

static atomic_int swap_frees;

static void look_swap(struct socketmap_request *request, void *ctx)
{
        struct socketmap_maps *next = maps_of(7, &swap_frees);

        must_be_zero(socketmap_server_set_maps(ctx, next), "set_maps");
        socketmap_maps_free(next);
        socketmap_reply_ok(request, socketmap_request_key(request));
}

static void test_swapped_from_a_lookup(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        struct running running;
        int client;

        CHECK_INT(socketmap_server_add_map(
                          server, "swap", look_swap, server, SOCKETMAP_INLINE),
                0);
        running_start(&running, server);
        client = connect_to(server);
        ask(client, "swap", "x");
        ask(client, "a", "");
        ask(client, "swap", "y");
        CHECK_STR(answer(client), "OK x");
        CHECK_STR(answer(client), "OK 7");
        CHECK(starts_with(answer(client), "TEMP "));
        CHECK_INT(running_end(&running), 0);
        CHECK_INT(swap_frees, 3);
        close(client);
}

static atomic_int hammering;

struct hammer {
        int fd;
        atomic_bool *stop;
        unsigned long answers;
        bool wrong;
};

/* Asks all three maps in one write: no answer may be older than the last. */
static void *hammer_main(void *ctx)
{
        struct hammer *h = ctx;
        static const char requests[] = "2:a ,2:w ,2:b ,2:a ,";
        int last = 0;

        while (!atomic_load(h->stop) && !h->wrong) {
                send_bytes(h->fd, requests, sizeof(requests) - 1);
                for (int i = 0; i < 4; i++) {
                        const char *got = answer(h->fd);
                        int number =
                                starts_with(got, "OK ") ? atoi(got + 3) : 0;

                        if (number < last || number == 0) {
                                printf("# %s after %d\n", got, last);
                                h->wrong = true;
                        }
                        last = number;
                        h->answers++;
                }
        }
        atomic_fetch_sub(&hammering, 1);
        return NULL;
}

static int count_threads(void)
{
        DIR *tasks = must(opendir("/proc/self/task"), "list of threads");
        int count = -2;

        while (readdir(tasks) != NULL)
                count++;
        closedir(tasks);
        return count;
}

static void test_swapped_under_load(void)
{
        enum { SWAPS = 150, CLIENTS = 4 };
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        struct hammer hammers[CLIENTS];
        pthread_t threads[CLIENTS];
        atomic_bool stop = false;
        atomic_int frees = 0;
        int fd = socketmap_server_get_fd(server);
        unsigned long answers = 0;

        atomic_store(&hammering, CLIENTS);
        for (int i = 0; i < CLIENTS; i++)
                hammers[i] = (struct hammer){
                        .fd = connect_to(server), .stop = &stop};
        for (int number = 1; number <= SWAPS; number++) {
                struct socketmap_maps *maps = maps_of(number, &frees);
                unsigned long long end = clock_now() + 5;

                CHECK_INT(socketmap_server_set_maps(server, maps), 0);
                socketmap_maps_free(maps);
                for (int i = 0; number == 1 && i < CLIENTS; i++)
                        pthread_create(
                                &threads[i], NULL, hammer_main, &hammers[i]);
                while (clock_now() < end) {
                        struct pollfd p = {.fd = fd, .events = POLLIN};

                        poll(&p, 1, 2);
                        CHECK_INT(socketmap_server_dispatch(server), 1);
                }
        }
        atomic_store(&stop, true);
        while (atomic_load(&hammering) > 0) {
                struct pollfd p = {.fd = fd, .events = POLLIN};

                poll(&p, 1, 1);
                socketmap_server_dispatch(server);
        }
        for (int i = 0; i < CLIENTS; i++) {
                pthread_join(threads[i], NULL);
                CHECK(!hammers[i].wrong);
                answers += hammers[i].answers;
                close(hammers[i].fd);
        }
        CHECK(answers > 100);
        CHECK(count_threads() < 40);
        CHECK_INT(frees, 3 * (SWAPS - 1));
        socketmap_server_free(server);
        CHECK_INT(frees, 3 * SWAPS);
        printf("# %lu answers\n", answers);
}

int main(void)
{
        RUN(test_never_handed_out);
        RUN(test_adding_fails);
        RUN(test_options);
        RUN(test_shared_by_servers_and_a_listener);
        RUN(test_a_listeners_own_maps);
        RUN(test_freed_after_the_last_request);
        RUN(test_swapped_from_a_lookup);
        RUN(test_swapped_under_load);
        return check_done();
}
