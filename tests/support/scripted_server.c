/* SPDX-License-Identifier: MIT */
#include "support/scripted_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <socketmap/netstring.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_SIZE_MAX (8 << 20)

static void die(const char *what)
{
        perror(what);
        exit(1);
}

static int open_socket(int family)
{
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                die("socket");
        return fd;
}

static void listen_unix(struct scripted_server *server)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        snprintf(server->directory, sizeof(server->directory),
                "/tmp/test-client-XXXXXX");
        if (mkdtemp(server->directory) == NULL)
                die("mkdtemp");
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
                server->directory);
        snprintf(server->endpoint, sizeof(server->endpoint), "unix:%s",
                address.sun_path);
        server->listener = open_socket(AF_UNIX);
        if (bind(server->listener, (struct sockaddr *)&address,
                    sizeof(address)) < 0)
                die("bind");
}

/*
 * Binds a port of ::1, so that nobody listens there. Returns the descriptor,
 * or -1 where there is no IPv6, and the port.
 */
static int reserve_v6(in_port_t *ret_port)
{
        struct sockaddr_in6 address = {
                .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *ret_port = 0;
        if (fd < 0)
                return -1;
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
                getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
                close(fd);
                return -1;
        }
        *ret_port = address.sin6_port;
        return fd;
}

static void listen_inet(struct scripted_server *server)
{
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t size = sizeof(address);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (;;) {
                server->reserved = reserve_v6(&address.sin_port);
                server->listener = open_socket(AF_INET);
                if (bind(server->listener, (struct sockaddr *)&address,
                            sizeof(address)) == 0)
                        break;
                if (errno != EADDRINUSE)
                        die("bind");
                close(server->listener);
                close(server->reserved);
        }
        if (getsockname(server->listener, (struct sockaddr *)&address, &size) <
                0)
                die("getsockname");
        snprintf(server->endpoint, sizeof(server->endpoint),
                "inet:127.0.0.1:%d", ntohs(address.sin_port));
}

static void hang_up(struct scripted_server *server)
{
        if (server->connection >= 0)
                close(server->connection);
        server->connection = -1;
}

/* Returns false when the server is to end. */
static bool accept_one(struct scripted_server *server)
{
        int on = 1;

        server->connection =
                accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (server->connection < 0)
                return false;
        /* So that chunks really leave one by one; fails on unix sockets. */
        (void)setsockopt(
                server->connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        server->accepted++;
        return true;
}

/* Reads until the request is whole. Returns false at the end of file. */
static bool read_request(struct scripted_server *server)
{
        const char *payload;
        size_t length, size, used = 0;

        while (socketmap_netstring_parse(server->request, used,
                       REQUEST_SIZE_MAX - 16, &payload, &length, &size) == 0) {
                ssize_t n = read(server->connection, server->request + used,
                        REQUEST_SIZE_MAX - used);

                if (n <= 0)
                        return false;
                used += (size_t)n;
        }
        server->request_size = used;
        return true;
}

/* Connects and reads until there is a request. Returns false at the end. */
static bool get_request(struct scripted_server *server)
{
        for (;;) {
                if (server->connection < 0 && !accept_one(server))
                        return false;
                if (read_request(server))
                        return true;
                hang_up(server);
        }
}

static void send_bytes(
        struct scripted_server *server, const char *bytes, size_t size)
{
        /* The client may have had enough and gone. */
        (void)send(server->connection, bytes, size, MSG_NOSIGNAL);
}

static bool take_turn(struct scripted_server *server, const struct turn *turn)
{
        size_t chunk = turn->chunk ? turn->chunk : turn->size, sent, n;

        if (turn->unread) {
                if (server->connection < 0 && !accept_one(server))
                        return false;
        } else if (!get_request(server)) {
                return false;
        }

        for (sent = 0; sent < turn->size; sent += n) {
                n = turn->size - sent < chunk ? turn->size - sent : chunk;
                send_bytes(server, turn->bytes + sent, n);
                /* The client most likely sees each chunk alone. */
                if (turn->chunk)
                        usleep(1000);
        }
        if (turn->later)
                send_bytes(server, turn->later, strlen(turn->later));
        if (turn->closes)
                hang_up(server);
        sem_post(&server->turned);
        return true;
}

static void *run(void *argument)
{
        struct scripted_server *server = argument;
        size_t i;
        char byte;

        for (i = 0; i < server->count; i++) {
                if (!take_turn(server, &server->turns[i]))
                        break;
        }
        /* Until the client closes it: its end is not part of the script. */
        while (server->connection >= 0 &&
                read(server->connection, &byte, 1) > 0)
                ;
        hang_up(server);
        return NULL;
}

void scripted_server_start(struct scripted_server *server, int family,
        const struct turn *turns, size_t count)
{
        *server = (struct scripted_server){.turns = turns,
                .count = count,
                .connection = -1,
                .reserved = -1,
                .request = malloc(REQUEST_SIZE_MAX)};
        sem_init(&server->turned, 0, 0);
        if (family == AF_UNIX)
                listen_unix(server);
        else
                listen_inet(server);
        if (listen(server->listener, 16) < 0)
                die("listen");
        if (pthread_create(&server->thread, NULL, run, server) != 0)
                die("pthread_create");
}

void scripted_server_wait(struct scripted_server *server)
{
        while (sem_wait(&server->turned) < 0)
                ;
}

void scripted_server_stop(struct scripted_server *server)
{
        char path[64];

        /* Wakes an accept that nobody comes for. */
        shutdown(server->listener, SHUT_RDWR);
        pthread_join(server->thread, NULL);
        close(server->listener);
        if (server->reserved >= 0)
                close(server->reserved);
        if (server->directory[0] != '\0') {
                snprintf(path, sizeof(path), "%s/socket", server->directory);
                unlink(path);
                rmdir(server->directory);
        }
}

void scripted_server_fini(struct scripted_server *server)
{
        sem_destroy(&server->turned);
        free(server->request);
}
