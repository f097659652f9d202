/* SPDX-License-Identifier: MIT */
/*
 * Connections that go from one process to another, while their clients go on
 * asking: nobody may see an end, or a wrong answer.
 */
#include "harness.h"

#include "check.h"

#include <stdatomic.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { PROCESSES = 6, CLIENTS = 8, MOST = 128 };

static char path[64];
static atomic_bool stop; /* the clients have asked enough */
static atomic_int gone;  /* clients that have ended */

/* A lookup function: the key is the value. */
static void look_and_echo(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply_ok(request, socketmap_request_key(request));
}

static struct socketmap_server *echo_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "here", look_and_echo, NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(server, "there", look_and_echo, NULL, 0);
        return server;
}

static struct socketmap_listen_options *options_named(const char *name)
{
        struct socketmap_listen_options *options =
                must(socketmap_listen_options_new(), "options");

        must_be_zero(socketmap_listen_options_set_name(options, name), "name");
        must_be_zero(socketmap_listen_options_set_path(options, path), "path");
        return options;
}

/* --- from process to process: a descriptor and its unread bytes --- */

static void send_fd(int channel, int fd, const void *bytes, size_t size)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr header;
        } control = {{0}};
        struct iovec data = {(void *)bytes, size};
        struct msghdr message = {.msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control)};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(int));
        if (sendmsg(channel, &message, MSG_NOSIGNAL) != (ssize_t)size)
                must(NULL, "message");
}

/* Returns the size, or -1 for a message without a descriptor: the last. */
static ssize_t receive_fd(int channel, int *ret_fd, void *bytes, size_t size)
{
        union {
                char bytes[CMSG_SPACE(sizeof(int))];
                struct cmsghdr header;
        } control;
        struct iovec data = {bytes, size};
        struct msghdr message = {.msg_iov = &data,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control)};
        ssize_t n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);

        if (n <= 0 || CMSG_FIRSTHDR(&message) == NULL)
                return -1;
        memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
        return n;
}

/* --- the process that gives --- */

/* The first byte tells a connection ('c') from a listener ('l'). */
static void give_one(void *ctx, const struct socketmap_connection *connection)
{
        char bytes[MOST] = "c";

        if (connection->unread_size >= sizeof(bytes) ||
                strcmp(connection->listener, "a") != 0)
                must(NULL, "connection as it should be");
        if (connection->unread_size > 0)
                memcpy(bytes + 1, connection->unread, connection->unread_size);
        send_fd(*(int *)ctx, connection->fd, bytes,
                1 + connection->unread_size);
        close(connection->fd);
}

static int listener_fd(struct socketmap_server *server)
{
        const char *name;
        int fd;

        must_be_zero(socketmap_server_get_listener(server, 0, &fd, &name),
                "listener");
        return fd;
}

/* Takes what comes, until the other process has given everything. */
static void take_all(struct socketmap_server *server, int channel)
{
        struct socketmap_connection connection = {.listener = "a"};
        struct pollfd entries[2] = {
                {.fd = socketmap_server_get_fd(server), .events = POLLIN},
                {.fd = channel, .events = POLLIN}};
        char bytes[MOST];
        ssize_t n = 0;

        while (n >= 0) {
                socketmap_server_dispatch(server);
                poll(entries, 2, PATIENCE);
                if (entries[1].revents == 0)
                        continue;
                n = receive_fd(channel, &connection.fd, bytes, sizeof(bytes));
                if (n < 1)
                        break;
                connection.unread = bytes + 1;
                connection.unread_size = (size_t)n - 1;
                must_be_zero(
                        socketmap_server_take(server, &connection), "take");
        }
}

/* Takes the listener and all connections from a channel. */
static struct socketmap_server *take_over(int channel)
{
        struct socketmap_listen_options *options = options_named("a");
        struct socketmap_server *server = echo_server();
        char byte = 0;
        int fd;

        if (receive_fd(channel, &fd, &byte, 1) != 1)
                must(NULL, "listener of the other process");
        must_be_zero(
                socketmap_server_listen_fd(server, fd, options), "listen_fd");
        socketmap_listen_options_free(options);
        take_all(server, channel);
        return server;
}

/* Serves until `ms` are over, then gives all away. */
static void serve_and_give(
        struct socketmap_server *server, int channel, unsigned ms)
{
        unsigned long long end = clock_now() + ms;
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};

        while (clock_now() < end) {
                socketmap_server_dispatch(server);
                poll(&p, 1, 5);
        }
        send_fd(channel, listener_fd(server), "l", 1);
        must_be_zero(socketmap_server_give(server, give_one, &channel), "give");
        while (socketmap_server_dispatch(server) == 1)
                poll(&p, 1, PATIENCE);
        socketmap_server_free(server);
        send_bytes(channel, "e", 1); /* the end */
}

/* Begins a process that takes from one channel and gives to the other. */
static pid_t start_process(int from, int to, unsigned ms)
{
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        serve_and_give(take_over(from), to, ms);
        close(to);
        _exit(check_bad);
}

/* --- clients --- */

struct client {
        pthread_t thread;
        int answered;
        int wrong;
        unsigned seed;
};

static int connect_path(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path) + 1);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                must(NULL, "connection");
        return fd;
}

/* Asks in pieces, several requests ahead, and compares every answer. */
static void talk(struct client *client, int fd, int number)
{
        char bytes[MOST], expected[2][32];
        size_t size = 0, piece, sent = 0;

        for (int i = 0; i < 2; i++) {
                char key[24], part[64];
                size_t n;

                snprintf(key, sizeof(key), "%d-%d", number, i);
                snprintf(expected[i], sizeof(expected[i]), "OK %s", key);
                must_be_zero(socketmap_request_format(i ? "here" : "there",
                                     i ? 4 : 5, key, strlen(key), part,
                                     sizeof(part), &n),
                        "request");
                memcpy(bytes + size, part, n);
                size += n;
        }
        for (; sent < size; sent += piece) {
                piece = 1 + (size_t)rand_r(&client->seed) % size;
                piece = piece < size - sent ? piece : size - sent;
                send_bytes(fd, bytes + sent, piece);
                if (rand_r(&client->seed) % 8 == 0)
                        pause_for(1);
        }
        for (int i = 0; i < 2; i++) {
                const char *got = answer(fd);

                if (strcmp(got, expected[i]) != 0) {
                        printf("# %s, not %s\n", got, expected[i]);
                        client->wrong++;
                }
                client->answered++;
        }
}

static void *client_main(void *ctx)
{
        struct client *client = ctx;
        int fd = connect_path();

        for (int n = 0; !atomic_load(&stop) && client->wrong == 0; n++) {
                talk(client, fd, n);
                if (n % 50 == 49) { /* some come anew */
                        close(fd);
                        fd = connect_path();
                }
        }
        close(fd);
        atomic_fetch_add(&gone, 1);
        return NULL;
}

/* --- the tests --- */

/* Makes a row of processes, each of which gives to the next. */
static void start_processes(pid_t *processes, int (*channels)[2])
{
        for (int n = 0; n <= PROCESSES; n++)
                must_be_zero(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
                                     0, channels[n]),
                        "channel");
        for (int n = 0; n < PROCESSES; n++)
                processes[n] =
                        start_process(channels[n][1], channels[n + 1][0], 100);
}

static void wait_for_processes(const pid_t *processes, int (*channels)[2])
{
        for (int n = 0; n < PROCESSES; n++) {
                int status = -1;

                CHECK_INT(waitpid(processes[n], &status, 0), processes[n]);
                CHECK_INT(status, 0);
                close(channels[n][0]);
                close(channels[n][1]);
        }
}

static void start_clients(struct client *clients)
{
        for (unsigned n = 0; n < CLIENTS; n++) {
                clients[n].seed = n + 1;
                pthread_create(
                        &clients[n].thread, NULL, client_main, &clients[n]);
        }
}

static void end_clients(struct client *clients)
{
        int answered = 0;

        for (int n = 0; n < CLIENTS; n++) {
                pthread_join(clients[n].thread, NULL);
                CHECK_INT(clients[n].wrong, 0);
                answered += clients[n].answered;
        }
        printf("# %d answers\n", answered);
        CHECK(answered > 0);
}

/* Serves until all clients have gone. */
static void serve_to_the_end(struct socketmap_server *server)
{
        struct pollfd p = {
                .fd = socketmap_server_get_fd(server), .events = POLLIN};

        while (atomic_load(&gone) < CLIENTS) {
                socketmap_server_dispatch(server);
                poll(&p, 1, 5);
        }
        CHECK_INT(socketmap_server_close_listener(server, "a"), 1);
        CHECK_INT(socketmap_server_run(server), 0);
        socketmap_server_free(server);
}

static void test_along_a_row_of_processes(void)
{
        char folder[] = "/tmp/socketmap-XXXXXX", endpoint[80];
        struct client clients[CLIENTS] = {{0}};
        struct socketmap_listen_options *options;
        struct socketmap_server *first;
        int channels[PROCESSES + 1][2];
        pid_t processes[PROCESSES];

        must(mkdtemp(folder), "folder");
        snprintf(path, sizeof(path), "%s/socket", folder);
        snprintf(endpoint, sizeof(endpoint), "unix:%s", path);
        start_processes(processes, channels); /* before any server */
        first = echo_server();
        options = options_named("a");
        must_be_zero(
                socketmap_server_listen(first, endpoint, options), "listen");
        socketmap_listen_options_free(options);
        start_clients(clients);
        serve_and_give(first, channels[0][0], 100);
        wait_for_processes(processes, channels);
        atomic_store(&stop, true);
        serve_to_the_end(take_over(channels[PROCESSES][1]));
        end_clients(clients);
        CHECK(access(path, F_OK) < 0);
        rmdir(folder);
}

int main(void)
{
        RUN(test_along_a_row_of_processes);
        return check_done();
}
