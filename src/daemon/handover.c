/* SPDX-License-Identifier: MIT */
#include "daemon/handover.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than the largest request with its framing. */
#define UNREAD_MOST ((off_t)32 * 1024 * 1024)

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

static int pack_unread(const void *bytes, size_t size)
{
        int fd = memfd_create("socketmap-unread", MFD_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, bytes, size);
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

int handover_pack(struct handover *handover,
        const struct socketmap_connection *connection)
{
        int fd;

        *handover = (struct handover){.fds = {connection->fd}, .count = 1};
        if (connection->unread_size == 0)
                return 0;
        fd = pack_unread(connection->unread, connection->unread_size);
        if (fd < 0) {
                handover_fini(handover);
                return fd;
        }
        handover->fds[handover->count++] = fd;
        return 0;
}

void handover_fini(struct handover *handover)
{
        while (handover->count > 0)
                close(handover->fds[--handover->count]);
}

/* Reads the file from its beginning: its offset is where it was written to. */
static int read_all(int fd, char *bytes, size_t size)
{
        size_t done = 0;

        while (done < size) {
                ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                done += (size_t)n;
        }
        return 0;
}

static int unpack_unread(int fd, char **ret_bytes, size_t *ret_size)
{
        struct stat status;
        char *bytes;
        int r;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode) || status.st_size <= 0 ||
                status.st_size > UNREAD_MOST)
                return -EINVAL;
        bytes = malloc((size_t)status.st_size);
        if (bytes == NULL)
                return -ENOMEM;
        r = read_all(fd, bytes, (size_t)status.st_size);
        if (r < 0) {
                free(bytes);
                return r;
        }
        *ret_bytes = bytes;
        *ret_size = (size_t)status.st_size;
        return 0;
}

bool handover_is_known(
        const struct socketmap_server *server, const char *listener)
{
        const char *name;
        int fd;

        for (size_t n = 0;
                socketmap_server_get_listener(server, n, &fd, &name) == 0; n++)
                if (strcmp(name, listener) == 0)
                        return true;
        return false;
}

int handover_serve(struct handover *handover, struct socketmap_server *server,
        const char *listener)
{
        struct socketmap_connection connection = {
                .fd = handover->fds[0], .listener = listener};
        char *unread = NULL;
        int r = handover->count == 0                  ? -EINVAL
                : handover_is_known(server, listener) ? 0
                                                      : -ENOENT;

        if (r == 0 && handover->count > 1)
                r = unpack_unread(
                        handover->fds[1], &unread, &connection.unread_size);
        if (r == 0) {
                connection.unread = unread;
                handover->fds[0] = handover->fds[--handover->count];
                r = socketmap_server_take(server, &connection);
        }
        free(unread);
        handover_fini(handover);
        return r;
}
