/* SPDX-License-Identifier: MIT */
/*
 * What an inline lookup costs in steady state, by counting: one recv and one
 * send besides the wait, and no allocation; and what an idle connection keeps.
 *
 * The functions counted are defined here, in the program, and so take the place
 * of the C library's for the shared libraries too. Not with a sanitizer, which
 * does the same.
 */
#include "harness.h"

#include "check.h"

#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static _Thread_local bool counting;
static int recvs, sends, waits, allocations, others;
static atomic_long bytes_in_use;

/* --- memory --- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void __libc_free(void *pointer);

static void *counted(void *pointer)
{
        if (counting)
                allocations++;
        if (pointer != NULL)
                atomic_fetch_add(
                        &bytes_in_use, (long)malloc_usable_size(pointer));
        return pointer;
}

static void uncounted(void *pointer)
{
        if (pointer != NULL)
                atomic_fetch_sub(
                        &bytes_in_use, (long)malloc_usable_size(pointer));
}

void *malloc(size_t size)
{
        return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
        return counted(__libc_calloc(count, size));
}

void *realloc(void *pointer, size_t size)
{
        uncounted(pointer);
        return counted(__libc_realloc(pointer, size));
}

void free(void *pointer)
{
        uncounted(pointer);
        __libc_free(pointer);
}

/* --- system calls --- */

static long count(int *counter, long result)
{
        if (counting)
                ++*counter;
        return result;
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
        return count(&recvs,
                syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL));
}

ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags,
        __SOCKADDR_ARG address, socklen_t *restrict length)
{
        return count(&recvs, syscall(SYS_recvfrom, fd, buffer, size, flags,
                                     address.__sockaddr__, length));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
        return count(&recvs, syscall(SYS_recvmsg, fd, message, flags));
}

ssize_t read(int fd, void *buffer, size_t size)
{
        return count(&others, syscall(SYS_read, fd, buffer, size));
}

ssize_t readv(int fd, const struct iovec *parts, int n)
{
        return count(&others, syscall(SYS_readv, fd, parts, n));
}

ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
        return count(
                &sends, syscall(SYS_sendto, fd, buffer, size, flags, NULL, 0));
}

ssize_t sendto(int fd, const void *buffer, size_t size, int flags,
        __CONST_SOCKADDR_ARG address, socklen_t length)
{
        return count(&sends, syscall(SYS_sendto, fd, buffer, size, flags,
                                     address.__sockaddr__, length));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
        return count(&sends, syscall(SYS_sendmsg, fd, message, flags));
}

ssize_t write(int fd, const void *buffer, size_t size)
{
        return count(&others, syscall(SYS_write, fd, buffer, size));
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
        return count(&others, syscall(SYS_writev, fd, parts, n));
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
        return (int)count(&others, syscall(SYS_poll, fds, n, timeout));
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
        return (int)count(
                &waits, syscall(SYS_epoll_wait, fd, events, most, timeout));
}

int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout,
        const sigset_t *mask)
{
        return (int)count(&waits,
                syscall(SYS_epoll_pwait, fd, events, most, timeout, mask, 8));
}

int epoll_ctl(int fd, int operation, int target, struct epoll_event *event)
{
        return (int)count(
                &others, syscall(SYS_epoll_ctl, fd, operation, target, event));
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value,
        struct itimerspec *old)
{
        return (int)count(
                &others, syscall(SYS_timerfd_settime, fd, flags, value, old));
}

/* --- the lookups: everything between "start" and "stop" is counted --- */

static void look_start(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        recvs = sends = waits = allocations = others = 0;
        counting = true;
        socketmap_reply_ok(request, "");
}

static void look_stop(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        counting = false;
        socketmap_reply_ok(request, "");
}

static void look_echo(struct socketmap_request *request, void *ctx)
{
        (void)ctx;
        socketmap_reply(request, SOCKETMAP_OK, socketmap_request_key(request),
                socketmap_request_key_size(request));
}

static struct socketmap_server *counted_server(void)
{
        struct socketmap_server *server =
                must(socketmap_server_new(), "server");

        socketmap_server_add_map(
                server, "start", look_start, NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                server, "stop", look_stop, NULL, SOCKETMAP_INLINE);
        socketmap_server_add_map(
                server, "echo", look_echo, NULL, SOCKETMAP_INLINE);
        return server;
}

static void exchange(int fd, const char *name, const char *key)
{
        ask(fd, name, key);
        if (!starts_with(answer(fd), "OK "))
                CHECK(!"an answer");
}

/* Checks the counts of `rounds` exchanges, the one of "stop" included. */
static void check_counts(int rounds)
{
        CHECK_INT(recvs, rounds);
        CHECK_INT(sends, rounds);
        CHECK_INT(allocations, 0);
        CHECK_INT(others, 0);
        CHECK(waits <= rounds + 2);
        if (check_bad)
                printf("# %d rounds: recv %d send %d wait %d other %d "
                       "allocations %d\n",
                        rounds, recvs, sends, waits, others, allocations);
}

static int connect_inet(struct socketmap_server *server)
{
        struct sockaddr_in address = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char endpoint[64];

        must_be_zero(socketmap_server_get_endpoint(
                             server, 0, endpoint, sizeof(endpoint)),
                "endpoint");
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
        must_be_zero(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                "connect");
        return fd;
}

static void check_lookups(bool inet, size_t key_size)
{
        struct socketmap_server *server = counted_server();
        struct running running;
        char key[800];
        int clients[16];

        memset(key, 'k', key_size);
        key[key_size] = '\0';
        must_be_zero(socketmap_server_listen(server, "inet:127.0.0.1:0", NULL),
                "listen");
        running_start(&running, server);
        for (int i = 0; i < 16; i++) {
                clients[i] = inet ? connect_inet(server) : connect_to(server);
                exchange(clients[i], "echo", key);
                exchange(clients[i], "echo", key);
        }
        exchange(clients[0], "start", "");
        for (int i = 0; i < 1600; i++)
                exchange(clients[i % 16], "echo", key);
        exchange(clients[0], "stop", "");
        check_counts(1601);
        CHECK_INT(running_end(&running), 0);
        for (int i = 0; i < 16; i++)
                close(clients[i]);
}

static void test_lookups_by_turns(void)
{
        check_lookups(false, 20);
}

static void test_lookups_by_turns_over_tcp(void)
{
        check_lookups(true, 20);
}

static void test_larger_values(void)
{
        check_lookups(false, 700);
}

static void test_thirty_two_pipelined(void)
{
        struct socketmap_server *server = counted_server();
        struct running running;
        char requests[32 * 16] = "";
        int client;

        for (int i = 0; i < 32; i++)
                strcat(requests, "8:echo key,");
        running_start(&running, server);
        client = connect_to(server);
        for (int round = 0; round < 102; round++) {
                if (round == 2)
                        exchange(client, "start", "");
                send_bytes(client, requests, strlen(requests));
                for (int i = 0; i < 32; i++)
                        CHECK_STR(answer(client), "OK key");
        }
        exchange(client, "stop", "");
        check_counts(101);
        CHECK_INT(running_end(&running), 0);
        close(client);
}

/* The client's end gets a high number: libuv's table goes by the server's. */
static int connect_high(struct socketmap_server *server)
{
        int fd = connect_to(server);
        int high = fcntl(fd, F_DUPFD_CLOEXEC, 600);

        close(fd);
        return high;
}

static void test_idle_connections(void)
{
        enum { CONNECTIONS = 400 };
        struct socketmap_server *server = counted_server();
        int clients[CONNECTIONS + 1];
        struct running running;
        long before = 0, each;

        running_start(&running, server);
        clients[CONNECTIONS] = connect_to(server);
        exchange(clients[CONNECTIONS], "echo", "key");
        for (int i = 0; i < CONNECTIONS; i++) {
                if (i == 0)
                        before = atomic_load(&bytes_in_use);
                clients[i] = connect_high(server);
                exchange(clients[i], "echo", "postmaster@example.org");
        }
        exchange(clients[CONNECTIONS], "echo", "key");
        each = (atomic_load(&bytes_in_use) - before) / CONNECTIONS;
        printf("# %ld bytes each\n", each);
        CHECK(each <= 400);
        CHECK_INT(running_end(&running), 0);
        for (int i = 0; i <= CONNECTIONS; i++)
                close(clients[i]);
}

int main(void)
{
        RUN(test_lookups_by_turns);
        RUN(test_lookups_by_turns_over_tcp);
        RUN(test_larger_values);
        RUN(test_thirty_two_pipelined);
        RUN(test_idle_connections);
        return check_done();
}
