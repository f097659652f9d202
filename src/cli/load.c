/* SPDX-License-Identifier: MIT */
#include "cli/load.h"

#include "cli/cli.h"
#include "cli/dial.h"
#include "cli/process.h"

#include <errno.h>
#include <socketmap/netstring.h>
#include <socketmap/protocol.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
        INPUT_SIZE = 256 * 1024, /* of the buffer that all share */
        EVENTS = 256,            /* taken from one wait */
        CONNECT_TIMEOUT = 10000  /* ms */
};

/* A request without its reply. */
struct flight {
        uint64_t key;
        uint64_t sent; /* when, in nanoseconds */
};

struct connection {
        int fd;
        bool waits_to_send; /* epoll tells when it is possible */
        char *input;        /* an incomplete reply, or NULL */
        size_t input_size, input_used;
        char *output; /* requests; those before output_start are sent */
        size_t output_start, output_end;
        struct flight *flights; /* a ring of `depth` */
        unsigned first, flying;
};

struct load {
        const struct load_options *options;
        const struct keys *keys;
        struct load_result *result;
        struct connection *connections;
        int epoll;
        uint64_t random;
        uint64_t sent;
        size_t name_size;
        size_t output_size; /* of a connection's requests */
        char *key;          /* room for one key */
        char *input;        /* INPUT_SIZE bytes */
        uint64_t start, now;
        uint64_t cpu_start;
        uint64_t last_reply;
};

static uint64_t clock_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Returns a random number below `count` (splitmix64). */
static uint64_t random_below(struct load *load, uint64_t count)
{
        uint64_t z = load->random += 0x9e3779b97f4a7c15;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        z ^= z >> 31;
        return z % count;
}

static int watch(struct load *load, struct connection *connection, int how)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        if (connection->waits_to_send)
                event.events |= EPOLLOUT;
        if (epoll_ctl(load->epoll, how, connection->fd, &event) < 0)
                return -errno;
        return 0;
}

static int send_output(struct load *load, struct connection *connection)
{
        size_t size = connection->output_end - connection->output_start;
        bool wait = false;

        if (size > 0) {
                ssize_t sent = send(connection->fd,
                        connection->output + connection->output_start, size,
                        MSG_NOSIGNAL);

                if (sent < 0 && errno != EAGAIN && errno != EINTR)
                        return -errno;
                if (sent > 0)
                        connection->output_start += (size_t)sent;
                wait = connection->output_start < connection->output_end;
        }
        if (wait == connection->waits_to_send)
                return 0;
        connection->waits_to_send = wait;
        return watch(load, connection, EPOLL_CTL_MOD);
}

static void add_request(struct load *load, struct connection *connection)
{
        unsigned place = connection->first + connection->flying;
        uint64_t number = random_below(load, load->keys->count);
        struct span key = keys_get(load->keys, number, load->key);
        size_t size = 0;

        if (place >= load->options->depth)
                place -= load->options->depth;
        connection->flights[place] = (struct flight){number, load->now};
        connection->flying++;
        load->sent++;
        /* It fits: the buffer holds `depth` requests of the largest size. */
        if (socketmap_request_format(load->options->name, load->name_size,
                    key.data, key.size,
                    connection->output + connection->output_end,
                    load->output_size - connection->output_end, &size) < 0)
                abort();
        connection->output_end += size;
}

/* Puts as many requests in flight as there may be. */
static int refill(struct load *load, struct connection *connection)
{
        const struct load_options *options = load->options;
        size_t unsent = connection->output_end - connection->output_start;

        if (connection->output_start > 0) {
                memmove(connection->output,
                        connection->output + connection->output_start, unsent);
                connection->output_start = 0;
                connection->output_end = unsent;
        }
        while (connection->flying < options->depth &&
                (options->duration != 0 || load->sent < options->requests))
                add_request(load, connection);
        return send_output(load, connection);
}

static void count_wrong(struct load *load, struct span key, struct span payload)
{
        if (load->result->wrong++ > 0)
                return;
        complain("wrong reply to %.*s: %.*s",
                key.size > 200 ? 200 : (int)key.size, key.data,
                payload.size > 200 ? 200 : (int)payload.size, payload.data);
}

static bool is_right(
        const struct load *load, uint64_t number, struct span payload)
{
        struct socketmap_result result;

        if (socketmap_result_parse(payload.data, payload.size, &result) < 0 ||
                result.status != SOCKETMAP_OK)
                return false;
        return load->keys->expectation == EXPECT_ANY ||
               span_equal(keys_get_value(load->keys, number),
                       (struct span){result.text, result.size});
}

static int take_reply(
        struct load *load, struct connection *connection, struct span payload)
{
        struct flight flight;

        if (connection->flying == 0) {
                load->result->wrong++;
                complain("a reply that nobody asked for");
                return -EPROTO;
        }
        flight = connection->flights[connection->first];
        if (++connection->first == load->options->depth)
                connection->first = 0;
        connection->flying--;
        load->result->requests++;
        histogram_add(&load->result->latency, load->now - flight.sent);
        if (!is_right(load, flight.key, payload))
                count_wrong(load, keys_get(load->keys, flight.key, load->key),
                        payload);
        return 0;
}

/*
 * Takes the replies that `bytes` begin with. Returns 0, with the bytes taken
 * and, if there are others, how many the next reply needs at least.
 */
static int take_replies(struct load *load, struct connection *connection,
        struct span bytes, size_t *ret_taken, size_t *ret_needed)
{
        size_t taken = 0, size = 0;
        struct span payload;
        int r = 1;

        while (r == 1 && taken < bytes.size) {
                r = socketmap_netstring_parse(bytes.data + taken,
                        bytes.size - taken, SOCKETMAP_REPLY_SIZE_MAX,
                        &payload.data, &payload.size, &size);
                if (r == 1) {
                        taken += size;
                        if (take_reply(load, connection, payload) < 0)
                                return -EPROTO;
                }
        }
        if (r < 0) {
                load->result->wrong++;
                complain("what the server sent is no netstring, or too long");
                return -EPROTO;
        }
        *ret_taken = taken;
        *ret_needed = size;
        return 0;
}

/* Keeps the beginning of a reply until its rest arrives. */
static int keep(struct connection *connection, struct span rest, size_t needed)
{
        /* With some space, so that small replies behind it fit in. */
        size_t size = needed + 4096;

        if (rest.size > 0 && connection->input_size < size) {
                char *input = malloc(size);

                if (input == NULL)
                        return -ENOMEM;
                memcpy(input, rest.data, rest.size);
                free(connection->input);
                connection->input = input;
                connection->input_size = size;
        } else if (rest.size > 0) {
                memmove(connection->input, rest.data, rest.size);
        }
        connection->input_used = rest.size;
        return 0;
}

static int receive(struct load *load, struct connection *connection)
{
        size_t used = connection->input_used, size = INPUT_SIZE;
        size_t taken = 0, needed = 0;
        char *input = load->input;
        ssize_t got;
        int r;

        if (used > 0) {
                input = connection->input;
                size = connection->input_size;
        }
        got = recv(connection->fd, input + used, size - used, 0);
        if (got < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (got == 0)
                return -ECONNRESET;
        used += (size_t)got;
        load->now = clock_now();
        load->last_reply = load->now;
        r = take_replies(
                load, connection, (struct span){input, used}, &taken, &needed);
        if (r == 0)
                r = keep(connection, (struct span){input + taken, used - taken},
                        needed);
        if (r == 0 && taken > 0)
                r = refill(load, connection);
        return r;
}

static int open_connection(struct load *load, struct connection *connection,
        const struct dial_target *target)
{
        unsigned depth = load->options->depth;
        int r;

        connection->output = malloc(load->output_size);
        connection->flights = calloc(depth, sizeof(connection->flights[0]));
        if (connection->output == NULL || connection->flights == NULL)
                return -ENOMEM;
        r = dial(target, CONNECT_TIMEOUT, &connection->fd);
        if (r < 0)
                return r;
        return watch(load, connection, EPOLL_CTL_ADD);
}

static int look_at_memory(const struct load *load, uint64_t *ret_bytes)
{
        if (!load->options->memory)
                return 0;
        return process_memory(load->result->pid, ret_bytes);
}

/* Looks who the server is, when the first connection is open. */
static void find_server(struct load *load)
{
        struct load_result *result = load->result;

        result->pid = load->options->pid;
        if (result->pid == 0)
                result->pid = dial_peer(load->connections[0].fd);
        if (result->pid != 0 &&
                (process_cpu(result->pid, &load->cpu_start) < 0 ||
                        look_at_memory(load, &result->memory_before) < 0))
                result->pid = 0;
}

static int open_connections(struct load *load)
{
        struct dial_target target;
        int r = dial_resolve(load->options->endpoint, &target);

        for (unsigned i = 0; r == 0 && i < load->options->connections; i++) {
                r = open_connection(load, &load->connections[i], &target);
                if (r < 0)
                        complain("%s: connection %u: %s",
                                load->options->endpoint, i + 1, strerror(-r));
                else if (i == 0)
                        find_server(load);
        }
        return r;
}

/* Forgets what has been counted, and counts from now on. */
static void start_counting(struct load *load)
{
        struct load_result *result = load->result;

        result->requests = 0;
        memset(&result->latency, 0, sizeof(result->latency));
        load->start = clock_now();
        if (result->pid != 0 && process_cpu(result->pid, &load->cpu_start) < 0)
                result->pid = 0;
}

static void stop_counting(struct load *load)
{
        struct load_result *result = load->result;

        result->nanoseconds = clock_now() - load->start;
        if (result->pid == 0)
                return;
        if (process_cpu(result->pid, &result->cpu) < 0 ||
                look_at_memory(load, &result->memory_after) < 0)
                result->pid = 0;
        else
                result->cpu -= load->cpu_start;
}

static int handle(struct load *load, const struct epoll_event *event)
{
        struct connection *connection = event->data.ptr;
        int r = 0;

        if (event->events & EPOLLOUT)
                r = send_output(load, connection);
        if (r == 0 && event->events & ~(uint32_t)EPOLLOUT)
                r = receive(load, connection);
        if (r < 0 && r != -EPROTO)
                complain("lost a connection: %s", strerror(-r));
        return r;
}

/* Waits for events once and handles them. */
static int turn(struct load *load)
{
        struct epoll_event events[EVENTS];
        int count = epoll_wait(load->epoll, events, EVENTS, 100), r = 0;

        if (count < 0)
                return errno == EINTR ? 0 : -errno;
        for (int i = 0; r == 0 && i < count; i++)
                r = handle(load, &events[i]);
        if (r < 0)
                return r;
        if (count == 0)
                load->now = clock_now();
        if (load->now - load->last_reply >=
                (uint64_t)load->options->timeout * 1000000) {
                complain("no reply in time");
                return -ETIMEDOUT;
        }
        return 0;
}

/* Turns until the time has come, or until the requests are done. */
static int turn_until(struct load *load, unsigned duration)
{
        uint64_t end = load->start + (uint64_t)duration * 1000000;
        uint64_t requests = load->options->requests;
        int r = 0;

        while (r == 0 && (duration != 0 ? load->now < end
                                        : load->result->requests < requests))
                r = turn(load);
        return r;
}

static int generate(struct load *load)
{
        int r = 0;

        load->start = load->now = load->last_reply = clock_now();
        for (unsigned i = 0; r == 0 && i < load->options->connections; i++)
                r = refill(load, &load->connections[i]);
        if (r == 0 && load->options->warmup != 0) {
                r = turn_until(load, load->options->warmup);
                start_counting(load);
        }
        if (r == 0)
                r = turn_until(load, load->options->duration);
        stop_counting(load);
        return r;
}

static void load_fini(struct load *load)
{
        for (unsigned i = 0;
                load->connections != NULL && i < load->options->connections;
                i++) {
                struct connection *connection = &load->connections[i];

                if (connection->fd >= 0)
                        close(connection->fd);
                free(connection->input);
                free(connection->output);
                free(connection->flights);
        }
        if (load->epoll >= 0)
                close(load->epoll);
        free(load->connections);
        free(load->key);
        free(load->input);
}

static int load_init(struct load *load, const struct load_options *options,
        const struct keys *keys)
{
        size_t size;

        *load = (struct load){.options = options,
                .keys = keys,
                .epoll = -1,
                .random = options->seed,
                .name_size = strlen(options->name)};
        size = socketmap_request_wire_size(load->name_size, keys->key_size_max);
        if (__builtin_mul_overflow(size, options->depth, &load->output_size))
                return -ENOMEM;
        load->key = malloc(keys->key_size_max + 1);
        load->input = malloc(INPUT_SIZE);
        load->connections =
                calloc(options->connections, sizeof(load->connections[0]));
        if (!load->key || !load->input || !load->connections)
                return -ENOMEM;
        for (unsigned i = 0; i < options->connections; i++)
                load->connections[i].fd = -1;
        load->epoll = epoll_create1(EPOLL_CLOEXEC);
        return load->epoll >= 0 ? 0 : -errno;
}

int load_run(const struct load_options *options, const struct keys *keys,
        struct load_result *ret_result)
{
        struct load load;
        int r = load_init(&load, options, keys);

        memset(ret_result, 0, sizeof(*ret_result));
        load.result = ret_result;
        if (r < 0)
                complain("%s", strerror(-r));
        else
                r = open_connections(&load);
        if (r == 0)
                r = generate(&load);
        load_fini(&load);
        return r;
}
