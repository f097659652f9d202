/* SPDX-License-Identifier: MIT */
/*
 * Clients and servers that do one thing after another at random: every client
 * gets the answers of all its requests, in their order, whatever goes on. A
 * seed that fails can be given as an argument.
 */
#include "harness.h"

#include "check.h"

#include <socketmap/netstring.h>

enum { CLIENTS = 6, SERVERS = 3, STEPS = 400, SEEDS = 150, HELD = 1000 };

static unsigned seed;

static unsigned pick(unsigned count)
{
        return (unsigned)rand_r(&seed) % count;
}

/* --- the servers --- */

static struct socketmap_server *servers[SERVERS]; /* the last one is filled */
static struct socketmap_request *held[HELD];
static int held_count;

/* A lookup function: the key is the value. */
static void look_and_echo(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply(request, SOCKETMAP_OK, socketmap_request_key(request),
                socketmap_request_key_size(request));
}

/* A lookup function: the test answers, some time. */
static void look_and_keep(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        if (held_count == HELD)
                must(NULL, "room for a held request");
        held[held_count++] = must(socketmap_request_hold(request), "hold");
}

/* A lookup function: answers, and changes the maps meanwhile. */
static void look_and_swap(struct socketmap_request *request, void *ctx);

static struct socketmap_maps *new_maps(void)
{
        struct socketmap_maps *maps = must(socketmap_maps_new(), "maps");

        must_be_zero(socketmap_maps_add(maps, "echo", look_and_echo, NULL, NULL,
                             SOCKETMAP_INLINE),
                "map");
        must_be_zero(
                socketmap_maps_add(maps, "work", look_and_echo, NULL, NULL, 0),
                "map");
        must_be_zero(socketmap_maps_add(maps, "keep", look_and_keep, NULL, NULL,
                             SOCKETMAP_INLINE),
                "map");
        must_be_zero(socketmap_maps_add(maps, "swap", look_and_swap, NULL, NULL,
                             SOCKETMAP_INLINE),
                "map");
        return maps;
}

static void swap_maps(void)
{
        for (int n = 0; n < SERVERS; n++) {
                struct socketmap_maps *maps = new_maps();

                if (servers[n] != NULL)
                        must_be_zero(
                                socketmap_server_set_maps(servers[n], maps),
                                "set_maps");
                socketmap_maps_free(maps);
        }
}

static void look_and_swap(struct socketmap_request *request, void *ctx)
{
        swap_maps();
        look_and_echo(request, ctx);
}

static struct socketmap_server *new_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");
        struct socketmap_maps *maps = new_maps();

        must_be_zero(socketmap_server_set_maps(server, maps), "set_maps");
        socketmap_maps_free(maps);
        must_be_zero(socketmap_server_set_limit(
                             server, SOCKETMAP_LIMIT_DEADLINE, 90000),
                "deadline");
        must_be_zero(socketmap_server_listen_fd(server, some_listener(), NULL),
                "listen_fd");
        return server;
}

static void give_one(void *ctx, const struct socketmap_connection *connection)
{
        (void)ctx;
        must_be_zero(socketmap_server_take(servers[SERVERS - 1], connection),
                "take");
}

/* Tells whether the server has something to do. */
static bool is_ready(struct socketmap_server *server)
{
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};

        return poll(&p, 1, 0) > 0;
}

/* Dispatches all; one that has given everything away is freed. */
static void turn(void)
{
        for (int n = 0; n < SERVERS; n++) {
                if (servers[n] == NULL || !is_ready(servers[n]) ||
                        socketmap_server_dispatch(servers[n]) == 1)
                        continue;
                socketmap_server_free(servers[n]);
                servers[n] = NULL;
        }
}

/* A new server takes the place of the last one, which gives all away. */
static void replace_server(void)
{
        if (servers[0] != NULL)
                return; /* it still has something to do */
        memmove(servers, servers + 1, sizeof(servers) - sizeof(servers[0]));
        servers[SERVERS - 1] = new_server();
        if (servers[SERVERS - 2] != NULL)
                must_be_zero(socketmap_server_give(
                                     servers[SERVERS - 2], give_one, NULL),
                        "give");
}

static void answer_held(bool reply)
{
        int n = held_count > 0 ? (int)pick((unsigned)held_count) : 0;
        struct socketmap_request *request;

        if (held_count == 0)
                return;
        request = held[n];
        held[n] = held[--held_count];
        if (reply)
                look_and_echo(request, NULL);
        socketmap_request_release(request);
}

/* --- the clients --- */

struct client {
        int fd;
        bool ended;       /* it has sent its last request */
        int asked;        /* requests, whole or not */
        int answered;     /* replies */
        size_t sizes[64]; /* of the keys, by the number of the request */
        char out[400000]; /* not yet sent */
        size_t out_size;
        char in[400000]; /* not yet understood */
        size_t in_size;
};

static struct client clients[CLIENTS];
static int wrong;

/* The server's socket takes little at once, so that replies have to wait. */
static void open_client(struct client *client)
{
        int fds[2], size = 4096;

        must_be_zero(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                "socketpair");
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        must_be_zero(socketmap_server_serve_fd(servers[SERVERS - 1], fds[0]),
                "serve_fd");
        client->fd = fds[1];
        client->ended = false;
        client->asked = client->answered = 0;
        client->out_size = client->in_size = 0;
}

/* Key and value of a request: its number, padded to the size. */
static void make_key(char *key, int number, size_t size)
{
        char text[16];
        int n = snprintf(text, sizeof(text), "%d.", number);

        memset(key, 'x', size);
        memcpy(key, text, (size_t)n < size ? (size_t)n : size);
}

static void put_request(struct client *client)
{
        static const char *const names[] = {"echo", "work", "keep", "swap"};
        static char key[60000];
        size_t size = pick(4) == 0 ? pick(sizeof(key)) : pick(40), used;

        if (client->ended || client->asked - client->answered >= 50 ||
                client->out_size + size + 100 > sizeof(client->out))
                return;
        make_key(key, client->asked, size);
        client->sizes[client->asked++ % 64] = size;
        must_be_zero(socketmap_request_format(names[pick(4)], 4, key, size,
                             client->out + client->out_size,
                             sizeof(client->out) - client->out_size, &used),
                "request");
        client->out_size += used;
}

static void send_piece(struct client *client, size_t most)
{
        size_t size = most < client->out_size ? most : client->out_size;
        ssize_t n = send(
                client->fd, client->out, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n <= 0)
                return;
        client->out_size -= (size_t)n;
        memmove(client->out, client->out + n, client->out_size);
}

static void check_reply(struct client *client, const char *reply, size_t size)
{
        static char key[60000];
        size_t expected = client->sizes[client->answered % 64];
        bool is_temp = size >= 5 && memcmp(reply, "TEMP ", 5) == 0;

        make_key(key, client->answered, expected);
        if (!is_temp && (size != expected + 3 || memcmp(reply, "OK ", 3) != 0 ||
                                memcmp(reply + 3, key, expected) != 0))
                wrong++;
        client->answered++;
}

static void receive_piece(struct client *client, size_t most)
{
        size_t room = sizeof(client->in) - client->in_size;
        size_t length, used = 0, size;
        const char *reply;
        ssize_t n = recv(client->fd, client->in + client->in_size,
                most < room ? most : room, MSG_DONTWAIT);

        if (n < 0)
                return;
        if (n == 0 && (!client->ended || client->answered < client->asked))
                wrong++; /* an end that is too early */
        client->in_size += (size_t)n;
        while (socketmap_netstring_parse(client->in + used,
                       client->in_size - used, 100000, &reply, &length,
                       &size) > 0) {
                check_reply(client, reply, length);
                used += size;
        }
        client->in_size -= used;
        memmove(client->in, client->in + used, client->in_size);
}

static void half_close(struct client *client)
{
        if (client->out_size > 0 || client->ended || pick(4) != 0)
                return;
        shutdown(client->fd, SHUT_WR);
        client->ended = true;
}

static void hang_up(struct client *client)
{
        if (pick(4) != 0)
                return;
        close(client->fd);
        open_client(client);
}

/* --- all together --- */

static void step(void)
{
        struct client *client = &clients[pick(CLIENTS)];

        switch (pick(16)) {
        case 0:
                replace_server();
                break;
        case 1:
                swap_maps();
                break;
        case 2:
                hang_up(client);
                break;
        case 3:
                half_close(client);
                break;
        case 4:
        case 5:
                answer_held(pick(8) > 0);
                break;
        case 6:
                receive_piece(client, 1 + pick(100));
                break;
        case 7:
        case 8:
                receive_piece(client, 200000);
                break;
        case 9:
                send_piece(client, 1 + pick(20));
                break;
        case 10:
        case 11:
                send_piece(client, 200000);
                break;
        case 12:
        case 13:
                turn();
                break;
        default:
                put_request(client);
                break;
        }
}

static bool is_done(const struct client *client)
{
        return client->out_size == 0 && client->answered == client->asked;
}

/* Lets everybody get what is still owed. */
static void settle(void)
{
        unsigned long long end = clock_now() + PATIENCE;
        int done = 0;

        while (done < CLIENTS && clock_now() < end && wrong == 0) {
                done = 0;
                turn();
                answer_held(true);
                for (int n = 0; n < CLIENTS; n++) {
                        send_piece(&clients[n], 200000);
                        receive_piece(&clients[n], 200000);
                        done += is_done(&clients[n]);
                }
        }
        CHECK_INT(done, CLIENTS);
}

static void storm(unsigned number)
{
        seed = number;
        wrong = 0;
        servers[SERVERS - 1] = new_server();
        for (int n = 0; n < CLIENTS; n++)
                open_client(&clients[n]);
        for (int n = 0; n < STEPS && wrong == 0; n++)
                step();
        if (number % 4 > 0) /* else it ends in the middle */
                settle();
        CHECK_INT(wrong, 0);
        for (int n = 0; n < SERVERS; n++) {
                socketmap_server_free(servers[n]);
                servers[n] = NULL;
        }
        while (held_count > 0)
                answer_held(true);
        for (int n = 0; n < CLIENTS; n++)
                close(clients[n].fd);
        if (check_bad)
                printf("# the seed is %u\n", number);
}

static void test_storms(void)
{
        for (unsigned number = 1; number <= SEEDS && !check_bad; number++)
                storm(number);
}

int main(int argc, char **argv)
{
        if (argc == 2)
                storm((unsigned)atoi(argv[1]));
        else
                test_storms();
        check_case("test_storms");
        return check_done();
}
