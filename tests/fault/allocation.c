/* SPDX-License-Identifier: MIT */
/*
 * A server's whole life, again and again, and each time another one of its
 * allocations fails. A reply is then the right one or TEMP, or the connection
 * is closed; nothing crashes, hangs, leaks memory (a sanitizer tells) or
 * descriptors.
 *
 * The library's own calls are wrapped by the linker, those of libuv by
 * uv_replace_allocator; realloc of libuv stays as it is, since libuv aborts
 * when its table of descriptors cannot grow.
 */
#include "harness.h"

#include "check.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/un.h>
#include <uv.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);

/* Allocations number `first` to `last` since the start of a life fail. */
static atomic_uint allocations, first_failing, last_failing;

static bool fails(void)
{
        unsigned number = atomic_fetch_add(&allocations, 1) + 1;

        return number >= atomic_load(&first_failing) &&
               number <= atomic_load(&last_failing);
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
        return fails() ? NULL : __real_realloc(pointer, size);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

/* --- the maps --- */

static struct mailbox box = MAILBOX_INIT;
static atomic_int contexts;

static void look_echo(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply(request, SOCKETMAP_OK, socketmap_request_key(request),
                socketmap_request_key_size(request));
}

/* Holds, and answers from here or from the other thread. */
static void look_held(struct socketmap_request *request, void *ctx)
{
        struct socketmap_request *held = socketmap_request_hold(request);

        if (held != NULL)
                mailbox_put(ctx, held);
}

static void look_big(struct socketmap_request *request, void *ctx)
{
        static char value[60001];

        (void)ctx;
        memset(value, 'v', sizeof(value) - 1);
        socketmap_reply_ok(request, value);
}

static void free_context(void *ctx)
{
        (void)ctx;
        atomic_fetch_sub(&contexts, 1);
}

static int add(struct socketmap_maps *maps, const char *name,
        socketmap_lookup_fn *lookup, unsigned flags)
{
        atomic_fetch_add(&contexts, 1);
        return socketmap_maps_add(
                maps, name, lookup, &box, free_context, flags);
}

static void *answer_held(void *ctx)
{
        for (;;) {
                struct socketmap_request *request = mailbox_take(&box);

                if (request == ctx)
                        return NULL;
                look_echo(request, NULL);
                socketmap_request_release(request);
        }
}

/* --- a life --- */

static char folder[] = "/tmp/socketmap-XXXXXX", path[108], endpoint[128];

/* Both return 0 or -ENOMEM; anything else is wrong. */
static int fill(struct socketmap_server *server, struct socketmap_maps *maps)
{
        int r;

        if (maps == NULL)
                return -ENOMEM;
        r = add(maps, "echo", look_echo, SOCKETMAP_INLINE);
        if (r == 0)
                r = add(maps, "worker", look_echo, 0);
        if (r == 0)
                r = add(maps, "held", look_held, SOCKETMAP_INLINE);
        if (r == 0)
                r = add(maps, "wheld", look_held, 0);
        if (r == 0)
                r = add(maps, "big", look_big, 0);
        if (r == 0)
                r = add(maps, NULL, look_echo, SOCKETMAP_INLINE);
        if (r == 0)
                r = socketmap_server_set_maps(server, maps);
        return r;
}

static int set_up(struct socketmap_server *server)
{
        struct socketmap_listen_options *options =
                socketmap_listen_options_new();
        struct socketmap_maps *maps = socketmap_maps_new();
        int r = options == NULL ? -ENOMEM : 0;

        if (r == 0)
                r = socketmap_server_add_map(
                        server, "short", look_echo, NULL, SOCKETMAP_INLINE);
        if (r == 0)
                r = socketmap_server_set_default_map(
                        server, look_echo, NULL, 0);
        if (r == 0)
                r = fill(server, maps);
        if (r == 0) {
                socketmap_listen_options_set_mode(options, 0600);
                socketmap_listen_options_set_maps(options, maps);
                r = socketmap_server_listen(server, endpoint, options);
        }
        if (r == 0)
                r = socketmap_server_listen(server, "inet:127.0.0.1:0", NULL);
        socketmap_maps_free(maps);
        socketmap_listen_options_free(options);
        return r;
}

static int open_client(struct socketmap_server *server, int turn)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fds[2];

        if (turn % 2) {
                must_be_zero(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "pair");
                (void)!socketmap_server_serve_fd(server, fds[0]);
                return fds[1];
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
        must_be_zero(
                connect(fds[0], (struct sockaddr *)&address, sizeof(address)),
                "connect");
        return fds[0];
}

/* Returns false when the connection has ended. */
static bool right_or_temp(int fd, const char *expected)
{
        const char *got = answer(fd);

        if (strcmp(got, "(end)") == 0)
                return false;
        if (!starts_with(got, "TEMP ") && !starts_with(got, expected)) {
                printf("# %.60s instead of %.60s\n", got, expected);
                check_bad = 1;
                return false;
        }
        return true;
}

static bool ask_for(int fd, const char *name, const char *expected)
{
        ask(fd, name, "key");
        return right_or_temp(fd, expected);
}

/* A conversation with all maps, single and pipelined, and a large key. */
static void converse(struct socketmap_server *server, int turn)
{
        static char large[70000];
        int fd = open_client(server, turn);
        bool open = ask_for(fd, "echo", "OK key") &&
                    ask_for(fd, "worker", "OK key") &&
                    ask_for(fd, "held", "OK key") &&
                    ask_for(fd, "wheld", "OK key") &&
                    ask_for(fd, "big", "OK vvv") &&
                    ask_for(fd, "default", "OK key");

        if (open) {
                size_t size =
                        (size_t)snprintf(large, sizeof(large), "60005:held ");

                memset(large + size, 'k', 60000);
                large[size + 60000] = ',';
                send_bytes(fd, large, size + 60001);
                open = right_or_temp(fd, "OK kkk");
        }
        if (open) {
                ask(fd, "worker", "1");
                ask(fd, "echo", "2");
                ask(fd, "held", "3");
                ask(fd, "echo", "4");
                open = right_or_temp(fd, "OK 1") && right_or_temp(fd, "OK 2") &&
                       right_or_temp(fd, "OK 3") && right_or_temp(fd, "OK 4");
        }
        if (open && turn == 2)
                ask(fd, "held", "gone");
        if (open && turn == 3) {
                send_bytes(fd, "junk", 4);
                CHECK_STR(answer(fd), "(end)");
        }
        close(fd);
}

static void live_once(void)
{
        struct socketmap_server *server = socketmap_server_new();
        struct running running = {.server = server};
        pthread_t answerer;
        int r;

        if (server == NULL)
                return;
        r = set_up(server);
        CHECK(r == 0 || r == -ENOMEM);
        if (r < 0) {
                r = socketmap_server_run(server);
                CHECK(r == 0 || r == -ENOMEM);
                socketmap_server_free(server);
                return;
        }
        pthread_create(&answerer, NULL, answer_held, &running);
        pthread_create(&running.thread, NULL, running_main, &running);
        for (int turn = 0; turn < 4; turn++)
                converse(server, turn);
        r = running_stop(&running);
        CHECK(r == 0 || r == -ENOMEM);
        socketmap_server_drain(server, 5000);
        r = socketmap_server_run(server);
        CHECK(r == 0 || r == -ENOMEM);
        socketmap_server_free(server);
        mailbox_put(&box, (struct socketmap_request *)&running);
        pthread_join(answerer, NULL);
}

/* --- a handover --- */

/* Listens under a name with maps of its own. */
static int set_up_named(struct socketmap_server *server)
{
        struct socketmap_listen_options *options =
                socketmap_listen_options_new();
        struct socketmap_maps *maps = socketmap_maps_new();
        int r = options == NULL || maps == NULL ? -ENOMEM : 0;

        if (r == 0)
                r = add(maps, "echo", look_echo, SOCKETMAP_INLINE);
        if (r == 0)
                r = socketmap_listen_options_set_name(options, "a");
        if (r == 0) {
                socketmap_listen_options_set_maps(options, maps);
                r = socketmap_server_listen_fd(
                        server, some_listener(), options);
        }
        if (r == 0)
                r = socketmap_server_set_listener_maps(server, "a", NULL);
        if (r == 0)
                r = socketmap_server_set_listener_maps(server, "a", maps);
        if (r == 0)
                r = socketmap_server_set_maps(server, maps);
        socketmap_maps_free(maps);
        socketmap_listen_options_free(options);
        return r;
}

static void give_on(void *ctx, const struct socketmap_connection *connection)
{
        int r = socketmap_server_take(ctx, connection);

        CHECK(r == 0 || r == -ENOMEM);
}

/* Goes on for as long as there is something to do now, or a little longer. */
static void dispatch(struct socketmap_server *server)
{
        for (int n = 0; n < 20; n++) {
                if (socketmap_server_dispatch(server) <= 0)
                        break;
        }
}

/* A connection in the middle of its request goes from one to the other. */
static void change_servers(
        struct socketmap_server *from, struct socketmap_server *to)
{
        int fd = open_client(from, 1);

        send_bytes(fd, "60008:echo key", 14);
        dispatch(from);
        CHECK_INT(socketmap_server_give(from, give_on, to), 0);
        dispatch(from);
        for (int n = 0; n < 60000; n += 1000) {
                char bytes[1001];

                memset(bytes, 'k', sizeof(bytes));
                send_bytes(fd, bytes, 1000);
                dispatch(to);
        }
        send_bytes(fd, ",", 1);
        dispatch(to);
        (void)right_or_temp(fd, "OK keykkk");
        close(fd);
}

static void hand_over_once(void)
{
        struct socketmap_server *from = socketmap_server_new();
        struct socketmap_server *to = socketmap_server_new();
        int r = from != NULL && to != NULL ? 0 : -ENOMEM;

        if (r == 0)
                r = set_up_named(from);
        if (r == 0)
                r = set_up_named(to);
        CHECK(r == 0 || r == -ENOMEM);
        if (r == 0)
                change_servers(from, to);
        socketmap_server_free(from);
        socketmap_server_free(to);
}

static int count_descriptors(void)
{
        int n = 0;

        for (int fd = 0; fd < 100; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* Lives with `burst` failures in a row, one later each time, until one life
 * has ended before its failure. */
static void live_with(void (*live)(void), unsigned burst)
{
        int descriptors = count_descriptors();
        unsigned first = 0;

        do {
                first++;
                atomic_store(&allocations, 0);
                atomic_store(&first_failing, first);
                atomic_store(&last_failing, first + burst - 1);
                live();
                CHECK_INT(atomic_load(&contexts), 0);
                CHECK_INT(count_descriptors(), descriptors);
                if (check_bad) {
                        printf("# when allocation %u failed\n", first);
                        break;
                }
        } while (atomic_load(&allocations) >= first);
        printf("# %u lives\n", first);
        CHECK(first > 20);
}

static void test_one_allocation_fails(void)
{
        live_with(live_once, 1);
}

static void test_five_allocations_fail(void)
{
        live_with(live_once, 5);
}

static void test_an_allocation_of_a_handover_fails(void)
{
        live_with(hand_over_once, 1);
        live_with(hand_over_once, 3);
}

int main(void)
{
        must_be_zero(uv_replace_allocator(__wrap_malloc, __real_realloc,
                             __wrap_calloc, free),
                "allocator");
        must(mkdtemp(folder), "folder");
        snprintf(path, sizeof(path), "%s/s", folder);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        live_once(); /* libuv opens some descriptors that it keeps */
        RUN(test_one_allocation_fails);
        RUN(test_five_allocations_fail);
        RUN(test_an_allocation_of_a_handover_fails);
        rmdir(folder);
        return check_done();
}
