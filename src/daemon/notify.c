/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How long a manager may take to have room for a message. */
static const struct timeval patience = {.tv_sec = 1};

/* Finds the manager's socket: a path, or an abstract name behind an '@'. */
static int find_manager(struct sockaddr_un *ret_address, socklen_t *ret_size)
{
        const char *path = getenv("NOTIFY_SOCKET");
        size_t length;

        if (path == NULL || (path[0] != '/' && path[0] != '@'))
                return -ENOENT;
        length = strlen(path);
        if (length >= sizeof(ret_address->sun_path))
                return -ENAMETOOLONG;
        *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
        memcpy(ret_address->sun_path, path, length);
        if (path[0] == '@')
                ret_address->sun_path[0] = '\0';
        else
                length++;
        *ret_size =
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
        return 0;
}

/* Adds descriptors to a message, in the given room for them. */
static void attach(
        struct msghdr *message, void *room, const int *fds, size_t count)
{
        struct cmsghdr *header;

        if (count == 0)
                return;
        message->msg_control = room;
        message->msg_controllen = CMSG_SPACE(count * sizeof(int));
        header = CMSG_FIRSTHDR(message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

static int send_message(int fd, const struct msghdr *message)
{
        ssize_t n;

        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        do
                n = sendmsg(fd, message, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : 0;
}

static int tell(const char *text, const int *fds, size_t count)
{
        _Alignas(struct cmsghdr) char
                room[CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))] = {0};
        struct iovec bytes = {(char *)text, strlen(text)};
        struct sockaddr_un address;
        struct msghdr message = {
                .msg_name = &address, .msg_iov = &bytes, .msg_iovlen = 1};
        int fd, r;

        r = find_manager(&address, &message.msg_namelen);
        if (r < 0)
                return r;
        attach(&message, room, fds, count);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        r = send_message(fd, &message);
        close(fd);
        return r;
}

static bool is_wanted(void)
{
        struct sockaddr_un address;
        socklen_t size;

        return find_manager(&address, &size) == 0;
}

void notify_ready(void)
{
        tell("READY=1", NULL, 0);
}

void notify_reloading(void)
{
        struct timespec now;
        char text[80];

        clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
        tell(text, NULL, 0);
}

void notify_stopping(void)
{
        tell("STOPPING=1", NULL, 0);
}

void notify_status(const char *format, ...)
{
        char text[512] = "STATUS=";
        size_t size = strlen(text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text + size, sizeof(text) - size, format, arguments);
        va_end(arguments);
        tell(text, NULL, 0);
}

void notify_main_pid(pid_t pid)
{
        char text[64];

        snprintf(text, sizeof(text), "MAINPID=%ld", (long)pid);
        tell(text, NULL, 0);
}

/* Reads a number from the environment; 0 for none. */
static uint64_t number_from(const char *variable)
{
        const char *text = getenv(variable);
        unsigned long long number;
        char *end;

        if (text == NULL || text[0] < '0' || text[0] > '9')
                return 0;
        errno = 0;
        number = strtoull(text, &end, 10);
        return errno != 0 || *end != '\0' ? 0 : number;
}

size_t notify_store_size(void)
{
        return is_wanted() ? (size_t)number_from("FDSTORE") : 0;
}

int notify_store(const char *name, const int *fds, size_t count)
{
        char text[NOTIFY_NAME_MAX + 32];
        int size = snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);

        if (size < 0 || (size_t)size >= sizeof(text) || count > NOTIFY_FDS_MAX)
                return -ENAMETOOLONG;
        return tell(text, fds, count);
}

void notify_forget(const char *name)
{
        char text[NOTIFY_NAME_MAX + 32];

        snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
        tell(text, NULL, 0);
}

/* The manager closes the descriptor that comes with a barrier. */
int notify_barrier(int timeout)
{
        struct pollfd seen;
        int pipes[2];
        int r;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        r = tell("BARRIER=1", &pipes[1], 1);
        close(pipes[1]);
        seen = (struct pollfd){.fd = pipes[0]};
        if (r == 0) {
                r = poll(&seen, 1, timeout);
                r = r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
        }
        close(pipes[0]);
        return r;
}

static void on_watchdog(uv_timer_t *timer)
{
        (void)timer;
        tell("WATCHDOG=1", NULL, 0);
}

/* Half the period in which the manager wants a sign, in ms; 0: none. */
static uint64_t watchdog_interval(void)
{
        uint64_t pid = number_from("WATCHDOG_PID");
        uint64_t interval = number_from("WATCHDOG_USEC") / 2000;

        return pid == 0 || pid == (uint64_t)getpid() ? interval : 0;
}

void notify_watchdog_start(struct notify_watchdog *watchdog, uv_loop_t *loop)
{
        uint64_t interval = watchdog_interval();

        uv_timer_init(loop, &watchdog->timer);
        uv_unref((uv_handle_t *)&watchdog->timer);
        if (interval > 0 && is_wanted())
                uv_timer_start(
                        &watchdog->timer, on_watchdog, interval, interval);
}
