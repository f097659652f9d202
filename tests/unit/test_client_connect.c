/* SPDX-License-Identifier: MIT */
/* The client, finding its server or not. */
#include "lib/endpoint.h"
#include "support/check.h"
#include "support/scripted_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <socketmap/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[] = "/tmp/test-client-connect-XXXXXX";

static void test_bad_endpoint(void)
{
        struct socketmap_client *client = NULL;
        struct socketmap_error error = {0};
        char text[200] = "unix:";

        CHECK_INT(
                socketmap_client_new("tcp:host:25", &client, &error), -EINVAL);
        CHECK(strstr(error.text, "tcp:host:25") != NULL);
        memset(text + 5, 'p', sizeof(text) - 6);
        CHECK_INT(socketmap_client_new(text, &client, &error), -ENAMETOOLONG);
        CHECK_INT(error.code, -ENAMETOOLONG);
        CHECK_INT(socketmap_client_new("", &client, NULL), -EINVAL);
        CHECK(client == NULL);
        socketmap_client_free(NULL);
}

/* One lookup at the endpoint, which must fail in this way. */
static void check_failure(const char *endpoint, unsigned timeout, int expected)
{
        struct socketmap_client *client;
        struct socketmap_result result;
        struct socketmap_error error = {0};

        CHECK_INT(socketmap_client_new(endpoint, &client, NULL), 0);
        socketmap_client_set_timeout(client, timeout);
        CHECK_INT(socketmap_client_lookup(
                          client, "map", "key", 3, &result, &error),
                expected);
        CHECK_INT(error.code, expected);
        CHECK(strstr(error.text, endpoint) != NULL);
        CHECK_INT(
                socketmap_client_lookup(client, "map", "key", 3, &result, NULL),
                expected);
        socketmap_client_free(client);
}

/* Returns a unix socket bound to a name in the directory, and its endpoint. */
static int bind_unix(const char *name, char *ret_endpoint, size_t size)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory,
                name);
        snprintf(ret_endpoint, size, "unix:%s", address.sun_path);
        CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
        return fd;
}

static void unbind_unix(int fd, const char *endpoint)
{
        close(fd);
        unlink(endpoint + strlen("unix:"));
}

static void test_missing_path(void)
{
        char endpoint[128];

        snprintf(endpoint, sizeof(endpoint), "unix:%s/missing", directory);
        check_failure(endpoint, 20000, -ENOENT);
}

static void test_refused_unix(void)
{
        char endpoint[128];
        int fd = bind_unix("refused", endpoint, sizeof(endpoint));

        check_failure(endpoint, 20000, -ECONNREFUSED);
        unbind_unix(fd, endpoint);
}

/* A port that is bound, so that nobody else can listen on it. */
static void test_refused_inet(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char endpoint[128];

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(bind(fd, (struct sockaddr *)&address, size) == 0);
        CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
        snprintf(endpoint, sizeof(endpoint), "inet:127.0.0.1:%d",
                ntohs(address.sin_port));
        check_failure(endpoint, 20000, -ECONNREFUSED);
        close(fd);
}

static void test_unknown_service(void)
{
        check_failure("inet:127.0.0.1:no-such-service", 20000, -EHOSTUNREACH);
}

/* A full queue is waited for, but not longer than the timeout. */
static void test_full_backlog(void)
{
        char endpoint[128];
        int fd = bind_unix("full", endpoint, sizeof(endpoint));
        int waiting[8], count = 0, r = 0;
        struct endpoint parsed = {0};

        CHECK_INT(endpoint_parse(endpoint, &parsed, NULL), 0);
        CHECK(listen(fd, 0) == 0);
        while (r == 0 && count < 8) {
                waiting[count] = socket(
                        AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                r = connect(waiting[count++],
                        (struct sockaddr *)&parsed.unix_address,
                        sizeof(parsed.unix_address));
        }
        CHECK(r < 0 && errno == EAGAIN);
        check_failure(endpoint, 30, -ETIMEDOUT);
        while (count > 0)
                close(waiting[--count]);
        unbind_unix(fd, endpoint);
}

/* "localhost" may mean ::1 first, where nobody listens. */
static void test_every_address(void)
{
        static const struct turn turns[] = {
                {.bytes = "8:OK value,", .size = 11}};
        struct scripted_server server;
        struct socketmap_client *client;
        struct socketmap_result result = {0};
        char endpoint[128];

        scripted_server_start(&server, AF_INET, turns, 1);
        snprintf(endpoint, sizeof(endpoint), "inet%s",
                strrchr(server.endpoint, ':'));
        CHECK_INT(socketmap_client_new(endpoint, &client, NULL), 0);
        CHECK_INT(
                socketmap_client_lookup(client, "map", "key", 3, &result, NULL),
                0);
        CHECK_STR(result.text, "value");
        socketmap_client_free(client);
        scripted_server_stop(&server);
        scripted_server_fini(&server);
}

/* The server comes up between two lookups: the second one finds it. */
static void test_recovers(void)
{
        static const struct turn turns[] = {
                {.bytes = "8:OK value,", .size = 11},
        };
        struct scripted_server server;
        struct socketmap_client *client;
        struct socketmap_result result = {0};
        char endpoint[128], path[128];

        snprintf(endpoint, sizeof(endpoint), "unix:%s/later", directory);
        CHECK_INT(socketmap_client_new(endpoint, &client, NULL), 0);
        CHECK_INT(
                socketmap_client_lookup(client, "map", "key", 3, &result, NULL),
                -ENOENT);
        scripted_server_start(&server, AF_UNIX, turns, 1);
        snprintf(path, sizeof(path), "%s/later", directory);
        CHECK(symlink(server.endpoint + strlen("unix:"), path) == 0);
        CHECK_INT(
                socketmap_client_lookup(client, "map", "key", 3, &result, NULL),
                0);
        CHECK_STR(result.text, "value");
        socketmap_client_free(client);
        scripted_server_stop(&server);
        scripted_server_fini(&server);
        unlink(path);
}

/* Returns the lowest free descriptor: a higher one later tells of a leak. */
static int find_free_descriptor(void)
{
        int fd = dup(STDOUT_FILENO);

        close(fd);
        return fd;
}

int main(void)
{
        int descriptor = find_free_descriptor();

        if (mkdtemp(directory) == NULL)
                return 1;
        RUN(test_bad_endpoint);
        RUN(test_missing_path);
        RUN(test_refused_unix);
        RUN(test_refused_inet);
        RUN(test_unknown_service);
        RUN(test_full_backlog);
        RUN(test_every_address);
        RUN(test_recovers);
        rmdir(directory);
        CHECK_INT(find_free_descriptor(), descriptor);
        check_case("no descriptor is left open");
        return check_done();
}
