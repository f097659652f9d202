/* SPDX-License-Identifier: MIT */
#include "daemon/inetd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the process, as stdin and stdout are. */
static struct {
        int fd; /* our end of the socket that stands for them */
        bool has_output;
        pthread_t output;
} relay;

static bool is_same_socket(int fd, int other)
{
        struct stat status, other_status;

        return fstat(fd, &status) == 0 && fstat(other, &other_status) == 0 &&
               S_ISSOCK(status.st_mode) &&
               status.st_dev == other_status.st_dev &&
               status.st_ino == other_status.st_ino;
}

bool inetd_has_stderr(void)
{
        return is_same_socket(STDIN_FILENO, STDERR_FILENO) ||
               is_same_socket(STDOUT_FILENO, STDERR_FILENO);
}

static int write_all(int fd, const char *bytes, size_t size)
{
        while (size > 0) {
                ssize_t n = write(fd, bytes, size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        bytes += n;
                        size -= (size_t)n;
                }
        }
        return 0;
}

/* Copies until one of the two has ended. */
static void copy(int from, int to)
{
        char bytes[16384];

        for (;;) {
                ssize_t n = read(from, bytes, sizeof(bytes));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0 || write_all(to, bytes, (size_t)n) < 0)
                        return;
        }
}

static void *copy_input(void *nothing)
{
        copy(STDIN_FILENO, relay.fd);
        shutdown(relay.fd, SHUT_WR);
        return nothing;
}

static void *copy_output(void *nothing)
{
        copy(relay.fd, STDOUT_FILENO);
        shutdown(relay.fd, SHUT_RDWR);
        return nothing;
}

/* The thread that reads stdin may wait there for ever: nobody waits for it. */
static int start_threads(void)
{
        pthread_t input;
        int r = pthread_create(&relay.output, NULL, copy_output, NULL);

        if (r != 0)
                return -r;
        relay.has_output = true;
        r = pthread_create(&input, NULL, copy_input, NULL);
        if (r != 0)
                return -r;
        pthread_detach(input);
        return 0;
}

/* Returns the server's end of a socket for stdin and stdout. */
static int start_relay(void)
{
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        relay.fd = fds[0];
        r = start_threads();
        if (r == 0)
                return fds[1];
        close(fds[1]);
        return r;
}

int inetd_start(struct socketmap_server *server)
{
        int fd;

        signal(SIGPIPE, SIG_IGN); /* stdout may be gone */
        if (is_same_socket(STDIN_FILENO, STDOUT_FILENO)) {
                fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
                if (fd < 0)
                        fd = -errno;
        } else {
                fd = start_relay();
        }
        return fd < 0 ? fd : socketmap_server_serve_fd(server, fd);
}

void inetd_finish(void)
{
        if (relay.has_output)
                pthread_join(relay.output, NULL);
}
