/* SPDX-License-Identifier: MIT */
#include "tables/support/channel.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The least room for one read: that of usual replies. */
#define READ_SIZE ((size_t)4096)

int bytes_reserve(struct bytes *bytes, size_t more)
{
        size_t capacity = bytes->capacity;
        char *data;

        if (more <= capacity - bytes->size)
                return 0;
        if (more > SIZE_MAX / 2 - capacity)
                return -ENOMEM;
        capacity = 2 * capacity + more;
        data = realloc(bytes->data, capacity);
        if (data == NULL)
                return -ENOMEM;
        bytes->data = data;
        bytes->capacity = capacity;
        return 0;
}

void bytes_free(struct bytes *bytes)
{
        free(bytes->data);
        *bytes = (struct bytes){.data = NULL};
}

void channel_init(struct channel *channel)
{
        *channel = (struct channel){.fd = -1};
}

void channel_close(struct channel *channel)
{
        if (channel->fd >= 0)
                close(channel->fd);
        bytes_free(&channel->out);
        bytes_free(&channel->in);
        channel_init(channel);
}

int channel_connect(const struct target *target, bool *ret_is_ready)
{
        int family = target->address.ss_family, on = 1, error;
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (family != AF_UNIX) /* only speed is lost without it */
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        *ret_is_ready = true;
        if (connect(fd, (const struct sockaddr *)&target->address,
                    target->size) == 0)
                return fd;
        error = errno;
        *ret_is_ready = false;
        if (error == EINPROGRESS || error == EINTR)
                return fd;
        close(fd);
        return -error;
}

int channel_connected(int fd)
{
        socklen_t size = sizeof(int);
        int error = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                return -errno;
        return -error;
}

bool channel_is_quiet(const struct channel *channel)
{
        char byte;
        ssize_t size = recv(channel->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        return size < 0 && errno == EAGAIN;
}

bool channel_is_read(const struct channel *channel)
{
        int unread;

        return ioctl(channel->fd, SIOCOUTQ, &unread) < 0 || unread == 0;
}

/* A lost connection is always the same error. */
static int error_of(int error)
{
        return error == EPIPE ? -ECONNRESET : -error;
}

int channel_send(struct channel *channel)
{
        while (channel->sent < channel->out.size) {
                ssize_t size =
                        send(channel->fd, channel->out.data + channel->sent,
                                channel->out.size - channel->sent,
                                MSG_NOSIGNAL | MSG_DONTWAIT);

                if (size >= 0)
                        channel->sent += (size_t)size;
                else if (errno != EINTR)
                        return error_of(errno);
        }
        return 0;
}

int channel_receive(struct channel *channel)
{
        struct bytes *in = &channel->in;
        ssize_t size;

        if (bytes_reserve(in, READ_SIZE) < 0)
                return -ENOMEM;
        do
                size = recv(channel->fd, in->data + in->size,
                        in->capacity - in->size, MSG_DONTWAIT);
        while (size < 0 && errno == EINTR);
        if (size < 0)
                return error_of(errno);
        if (size == 0)
                return -ECONNRESET;
        in->size += (size_t)size;
        return 0;
}
