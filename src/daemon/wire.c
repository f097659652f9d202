/* SPDX-License-Identifier: MIT */
#include "daemon/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long it waits for room, at most, in ms. */
enum { PATIENCE = 5000 };

int wire_address(const char *path, struct sockaddr_un *ret_address)
{
        size_t size = strlen(path) + 1;

        if (size > sizeof(ret_address->sun_path))
                return -ENAMETOOLONG;
        *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
        memcpy(ret_address->sun_path, path, size);
        return 0;
}

union room {
        char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
        struct cmsghdr aligned;
};

static void attach(
        struct msghdr *message, union room *room, const int *fds, size_t count)
{
        struct cmsghdr *header;

        if (count == 0)
                return;
        message->msg_control = room->bytes;
        message->msg_controllen = CMSG_SPACE(count * sizeof(int));
        header = CMSG_FIRSTHDR(message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

/*
 * Waits a little while the receiver makes room in its queue (EAGAIN), or takes
 * descriptors out of it, of which a user may have so many under way.
 */
static int wait_for_room(int fd, int error, int *waited)
{
        struct pollfd state = {.fd = fd, .events = POLLOUT};
        int pause = error == ETOOMANYREFS ? 1 : 100;

        if (error != EAGAIN && error != ETOOMANYREFS)
                return -error;
        if (*waited >= PATIENCE)
                return -ETIMEDOUT;
        *waited += pause;
        poll(&state, error == EAGAIN ? 1 : 0, pause);
        return 0;
}

static int send_patiently(int fd, const struct msghdr *message)
{
        int waited = 0, r = 0;

        while (r == 0 && sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                r = errno == EINTR ? 0 : wait_for_room(fd, errno, &waited);
        return r;
}

int wire_send(int fd, const char *verb, const char *text, const int *fds,
        size_t fd_count)
{
        union room room = {0};
        char bytes[WIRE_TEXT_MAX];
        struct iovec vector = {.iov_base = bytes};
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
        int size = snprintf(bytes, sizeof(bytes), "%s %s", verb, text);

        if (size < 0 || (size_t)size >= sizeof(bytes) ||
                fd_count > WIRE_FDS_MAX)
                return -EMSGSIZE;
        vector.iov_len = (size_t)size;
        attach(&message, &room, fds, fd_count);
        return send_patiently(fd, &message);
}

static void detach(struct msghdr *header, struct wire_message *message)
{
        for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
                part = CMSG_NXTHDR(header, part)) {
                size_t count;

                if (part->cmsg_level != SOL_SOCKET ||
                        part->cmsg_type != SCM_RIGHTS)
                        continue;
                count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(message->fds, CMSG_DATA(part), count * sizeof(int));
                message->fd_count = count;
        }
}

static void split(struct wire_message *message)
{
        char *blank = strchr(message->bytes, ' ');

        message->verb = message->bytes;
        message->text = "";
        if (blank != NULL) {
                *blank = '\0';
                message->text = blank + 1;
        }
}

int wire_receive(int fd, struct wire_message *message)
{
        union room room;
        struct iovec vector = {message->bytes, sizeof(message->bytes) - 1};
        struct msghdr header = {.msg_iov = &vector,
                .msg_iovlen = 1,
                .msg_control = room.bytes,
                .msg_controllen = sizeof(room.bytes)};
        ssize_t n;

        message->fd_count = 0;
        do
                n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return n < 0 ? -errno : -EPIPE;
        message->bytes[n] = '\0';
        detach(&header, message);
        split(message);
        if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
                wire_close_fds(message);
                return -EMSGSIZE;
        }
        return 0;
}

void wire_close_fds(struct wire_message *message)
{
        while (message->fd_count > 0)
                close(message->fds[--message->fd_count]);
}
