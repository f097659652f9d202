/* SPDX-License-Identifier: MIT */
#include "lib/buffer.h"
#include "lib/endpoint.h"
#include "lib/error.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <socketmap/client.h>
#include <socketmap/netstring.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Postfix's. */
#define TIMEOUT_DEFAULT 100000

/* The least room for one read: that of usual replies. */
#define READ_SIZE 4096

struct socketmap_client {
        struct endpoint endpoint;
        char *endpoint_text;
        unsigned timeout;
        size_t reply_limit;
        int fd; /* -1: not connected */
        struct buffer request;
        struct buffer reply;
};

static int64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns the milliseconds left until the deadline, 0 when it is over. */
static int remaining_ms(int64_t deadline)
{
        int64_t left = deadline - now_ms();

        if (left <= 0)
                return 0;
        return left > INT_MAX ? INT_MAX : (int)left;
}

/* Waits until the events are there. Returns 0 or a negative errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
        struct pollfd entry = {.fd = fd, .events = events};

        for (;;) {
                int left = remaining_ms(deadline);
                int n;

                if (left == 0)
                        return -ETIMEDOUT;
                n = poll(&entry, 1, left);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

static void disconnect(struct socketmap_client *client)
{
        if (client->fd >= 0)
                close(client->fd);
        client->fd = -1;
}

int socketmap_client_new(const char *endpoint,
        struct socketmap_client **ret_client, struct socketmap_error *ret_error)
{
        struct socketmap_client *client = calloc(1, sizeof(*client));
        int r;

        if (client == NULL)
                return error_set(ret_error, -ENOMEM, "out of memory");
        client->fd = -1;
        client->timeout = TIMEOUT_DEFAULT;
        client->reply_limit = SOCKETMAP_REPLY_SIZE_MAX;

        r = endpoint_parse(endpoint, &client->endpoint, ret_error);
        if (r < 0)
                goto fail;
        client->endpoint_text = strdup(endpoint);
        if (client->endpoint_text == NULL) {
                r = error_set(ret_error, -ENOMEM, "out of memory");
                goto fail;
        }
        *ret_client = client;
        return 0;

fail:
        socketmap_client_free(client);
        return r;
}

void socketmap_client_free(struct socketmap_client *client)
{
        if (client == NULL)
                return;
        disconnect(client);
        free(client->endpoint_text);
        buffer_clear(&client->request);
        buffer_clear(&client->reply);
        free(client);
}

void socketmap_client_set_timeout(
        struct socketmap_client *client, unsigned timeout)
{
        client->timeout = timeout;
}

void socketmap_client_set_reply_limit(
        struct socketmap_client *client, size_t limit)
{
        client->reply_limit = limit;
}

/*
 * A unix socket whose backlog is full can't be waited for with poll, so the
 * connect itself blocks, for as long as the send timeout says.
 */
static int connect_unix(
        int fd, const struct sockaddr_un *address, int64_t deadline)
{
        for (;;) {
                int left = remaining_ms(deadline);
                struct timeval timeout = {
                        .tv_sec = left / 1000,
                        .tv_usec = left % 1000 * 1000,
                };

                if (left == 0)
                        return -ETIMEDOUT;
                if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
                            sizeof(timeout)) < 0)
                        return -errno;
                if (connect(fd, (const struct sockaddr *)address,
                            sizeof(*address)) == 0)
                        return 0;
                if (errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
        }
}

/* Connects a non-blocking socket. */
static int connect_inet(
        int fd, const struct addrinfo *address, int64_t deadline)
{
        socklen_t size = sizeof(int);
        int error = 0, on = 1, r;

        /* Only speed is lost without it. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
                return 0;
        if (errno != EINPROGRESS && errno != EINTR)
                return -errno;

        r = wait_for(fd, POLLOUT, deadline);
        if (r < 0)
                return r;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        return -error;
}

/* Returns a connected descriptor or a negative errno. */
static int open_unix(const struct sockaddr_un *address, int64_t deadline)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int r;

        if (fd < 0)
                return -errno;
        r = connect_unix(fd, address, deadline);
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

/* The same; the addresses are tried in order, the last one's error counts. */
static int open_inet(const struct addrinfo *address, int64_t deadline)
{
        int r = -EADDRNOTAVAIL;

        for (; address != NULL; address = address->ai_next) {
                int fd = socket(address->ai_family,
                        address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        address->ai_protocol);

                if (fd < 0) {
                        r = -errno;
                        continue;
                }
                r = connect_inet(fd, address, deadline);
                if (r == 0)
                        return fd;
                close(fd);
        }
        return r;
}

/* Returns 0 and addresses that the caller frees, or a negative errno. */
static int resolve(const struct socketmap_client *client,
        struct addrinfo **ret_addresses, struct socketmap_error *ret_error)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        int r = getaddrinfo(client->endpoint.host, client->endpoint.port,
                &hints, ret_addresses);

        if (r == 0)
                return 0;
        return error_set(ret_error, r == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH,
                "%s: %s", client->endpoint_text, gai_strerror(r));
}

static int fail(const struct socketmap_client *client, int code,
        struct socketmap_error *ret_error)
{
        const char *endpoint = client->endpoint_text;

        switch (-code) {
        case ETIMEDOUT:
                return error_set(ret_error, code, "%s: no answer within %u ms",
                        endpoint, client->timeout);
        case ECONNRESET:
                return error_set(ret_error, code,
                        "%s: the server closed the connection without an "
                        "answer",
                        endpoint);
        case EPROTO:
                return error_set(ret_error, code,
                        "%s: the reply is no socketmap reply", endpoint);
        case EMSGSIZE:
                return error_set(ret_error, code,
                        "%s: the reply is larger than %zu bytes", endpoint,
                        client->reply_limit);
        default:
                return error_set(
                        ret_error, code, "%s: %s", endpoint, strerror(-code));
        }
}

static int ensure_connected(struct socketmap_client *client, int64_t deadline,
        struct socketmap_error *ret_error)
{
        struct addrinfo *addresses;
        int r;

        if (client->fd >= 0)
                return 0;

        if (client->endpoint.family == AF_UNIX) {
                r = open_unix(&client->endpoint.unix_address, deadline);
        } else {
                r = resolve(client, &addresses, ret_error);
                if (r < 0)
                        return r;
                r = open_inet(addresses, deadline);
                freeaddrinfo(addresses);
        }
        if (r < 0)
                return fail(client, r, ret_error);
        client->fd = r;
        return 0;
}

/*
 * Nothing may be readable on a connection between two lookups: a stray byte
 * would become the next key's answer, and an end of file is a server that has
 * closed it. Both are cured by a new connection.
 */
static void drop_if_not_quiet(struct socketmap_client *client)
{
        char byte;

        if (client->fd < 0)
                return;
        if (recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                errno == EAGAIN)
                return;
        disconnect(client);
}

/*
 * What to do about errno after a send or recv: 0 to try again when the events
 * are there, or the error; a lost connection is always -ECONNRESET.
 */
static int retry_or_fail(int fd, short events, int64_t deadline)
{
        if (errno == EINTR)
                return 0;
        if (errno == EAGAIN)
                return wait_for(fd, events, deadline);
        return errno == EPIPE ? -ECONNRESET : -errno;
}

static int send_request(struct socketmap_client *client, int64_t deadline)
{
        const struct buffer *request = &client->request;
        size_t sent = 0;

        while (sent < request->size) {
                ssize_t n = send(client->fd, request->data + sent,
                        request->size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r = 0;

                if (n >= 0)
                        sent += (size_t)n;
                else
                        r = retry_or_fail(client->fd, POLLOUT, deadline);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Reads at least one byte. */
static int receive_more(struct socketmap_client *client, int64_t deadline)
{
        struct buffer *reply = &client->reply;
        int r = buffer_reserve(reply, READ_SIZE);

        while (r == 0) {
                ssize_t n = recv(client->fd, reply->data + reply->size,
                        reply->capacity - reply->size, MSG_DONTWAIT);

                if (n == 0)
                        return -ECONNRESET;
                if (n > 0) {
                        reply->size += (size_t)n;
                        return 0;
                }
                r = retry_or_fail(client->fd, POLLIN, deadline);
        }
        return r;
}

static int receive_reply(struct socketmap_client *client, int64_t deadline,
        struct socketmap_result *ret_result)
{
        struct buffer *reply = &client->reply;
        const char *payload;
        size_t length, size;
        int r;

        reply->size = 0;
        while ((r = socketmap_netstring_parse(reply->data, reply->size,
                        client->reply_limit, &payload, &length, &size)) == 0) {
                r = receive_more(client, deadline);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r == -EBADMSG ? -EPROTO : r;

        /* What came behind the reply is nobody's. */
        if (reply->size > size)
                disconnect(client);
        /* The text ends where the comma was. */
        reply->data[size - 1] = '\0';
        return socketmap_result_parse(payload, length, ret_result);
}

static int exchange(struct socketmap_client *client, int64_t deadline,
        struct socketmap_result *ret_result)
{
        int r = send_request(client, deadline);

        return r < 0 ? r : receive_reply(client, deadline, ret_result);
}

static int format_request(struct socketmap_client *client, const char *name,
        const void *key, size_t key_size)
{
        struct buffer *request = &client->request;
        size_t name_size = strlen(name);
        int r;

        request->size = 0;
        r = buffer_reserve(
                request, socketmap_request_wire_size(name_size, key_size));
        if (r < 0)
                return r;
        return socketmap_request_format(name, name_size, key, key_size,
                request->data, request->capacity, &request->size);
}

int socketmap_client_lookup(struct socketmap_client *client, const char *name,
        const void *key, size_t key_size, struct socketmap_result *ret_result,
        struct socketmap_error *ret_error)
{
        int64_t deadline = now_ms() + client->timeout;
        bool tried = false;
        int r = format_request(client, name, key, key_size);

        if (r == -EINVAL)
                return error_set(ret_error, r,
                        "the name of a map can't hold a space: %s", name);
        if (r < 0)
                return fail(client, r, ret_error);

        drop_if_not_quiet(client);
        for (;;) {
                r = ensure_connected(client, deadline, ret_error);
                if (r < 0)
                        return r;
                r = exchange(client, deadline, ret_result);
                if (r == 0)
                        return 0;
                disconnect(client);
                if (r != -ECONNRESET || tried)
                        return fail(client, r, ret_error);
                tried = true;
        }
}
