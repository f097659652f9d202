/* SPDX-License-Identifier: MIT */
#include "lib/bind.h"
#include "lib/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int new_socket(int family)
{
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        return fd >= 0 ? fd : -errno;
}

/*
 * Asks whether a server is behind a socket file. Returns 0 when nobody is,
 * -EADDRINUSE when somebody is, or the errno of not being able to tell.
 */
static int probe(const struct sockaddr_un *address)
{
        int fd = new_socket(AF_UNIX), r;

        if (fd < 0)
                return fd;
        r = connect(fd, (const struct sockaddr *)address, sizeof(*address));
        r = r < 0 ? -errno : 0;
        close(fd);
        if (r == -ECONNREFUSED || r == -ENOENT)
                return 0;
        /* A full queue, or another kind of socket: somebody is there. */
        if (r == 0 || r == -EAGAIN || r == -EPROTOTYPE)
                return -EADDRINUSE;
        return r;
}

/* Refuses a path that is in use, or is no socket. */
static int check_path(const struct sockaddr_un *address, const char *path,
        struct socketmap_error *ret_error)
{
        struct stat status;
        int r;

        if (lstat(path, &status) < 0) {
                if (errno == ENOENT)
                        return 0;
                return error_set(ret_error, -errno, "unix:%s: %s", path,
                        strerror(errno));
        }
        if (!S_ISSOCK(status.st_mode))
                return error_set(ret_error, -EEXIST,
                        "unix:%s: there is something that is not a socket",
                        path);
        r = probe(address);
        if (r == -EADDRINUSE)
                return error_set(ret_error, r,
                        "unix:%s: another server answers there", path);
        if (r < 0)
                return error_set(
                        ret_error, r, "unix:%s: %s", path, strerror(-r));
        return 0;
}

/*
 * Names a file in a directory that nobody else uses. Returns false when a unix
 * address can't hold its path.
 */
static bool name_temporary(const char *directory, size_t directory_size, int fd,
        struct sockaddr_un *ret_address)
{
        int n;

        *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
        n = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path),
                "%.*s.%x.%x", (int)directory_size, directory,
                (unsigned)getpid(), (unsigned)fd);
        return n > 0 && (size_t)n < sizeof(ret_address->sun_path);
}

/* Gives the socket file its mode and owner. Returns 0 or a negative errno. */
static int set_access(const char *path, const struct bind_options *options)
{
        bool has_owner = options->uid != (uid_t)-1 || options->gid != (gid_t)-1;

        if (has_owner && lchown(path, options->uid, options->gid) < 0)
                return -errno;
        if (options->has_mode && chmod(path, options->mode) < 0)
                return -errno;
        return 0;
}

/* Binds to `temporary`, and moves it to its place when all is right. */
static int bind_and_move(int fd, const struct sockaddr_un *temporary,
        const char *path, const struct bind_options *options,
        struct bound_file *ret_file)
{
        struct stat status = {0};
        int r;

        if (bind(fd, (const struct sockaddr *)temporary, sizeof(*temporary)) <
                0)
                return -errno;
        r = set_access(temporary->sun_path, options);
        if (r == 0 && (listen(fd, options->backlog) < 0 ||
                              lstat(temporary->sun_path, &status) < 0 ||
                              rename(temporary->sun_path, path) < 0))
                r = -errno;
        if (r < 0) {
                unlink(temporary->sun_path);
                return r;
        }
        snprintf(ret_file->path, sizeof(ret_file->path), "%s", path);
        ret_file->device = status.st_dev;
        ret_file->inode = status.st_ino;
        return 0;
}

/*
 * Binds in a directory whose name leaves no room for another file's, by way of
 * its descriptor.
 */
static int bind_in_long_directory(int fd, const char *directory,
        const char *path, const struct bind_options *options,
        struct bound_file *ret_file)
{
        struct sockaddr_un temporary;
        char name[64];
        int r = -ENAMETOOLONG;
        int directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (directory_fd < 0)
                return -errno;
        snprintf(name, sizeof(name), "/proc/self/fd/%d/", directory_fd);
        if (name_temporary(name, strlen(name), fd, &temporary))
                r = bind_and_move(fd, &temporary, path, options, ret_file);
        close(directory_fd);
        return r;
}

static int bind_fd(int fd, const char *path, const struct bind_options *options,
        struct bound_file *ret_file)
{
        const char *slash = strrchr(path, '/');
        size_t size = slash != NULL ? (size_t)(slash - path) + 1 : 0;
        char directory[sizeof(ret_file->path)];
        struct sockaddr_un temporary;

        if (name_temporary(path, size, fd, &temporary))
                return bind_and_move(fd, &temporary, path, options, ret_file);
        snprintf(directory, sizeof(directory), "%.*s", (int)size, path);
        return bind_in_long_directory(
                fd, size > 0 ? directory : ".", path, options, ret_file);
}

int bind_unix(const struct endpoint *endpoint,
        const struct bind_options *options, struct bound_file *ret_file,
        struct socketmap_error *ret_error)
{
        const char *path = endpoint->unix_address.sun_path;
        int fd, r;

        r = check_path(&endpoint->unix_address, path, ret_error);
        if (r < 0)
                return r;
        fd = new_socket(AF_UNIX);
        r = fd < 0 ? fd : bind_fd(fd, path, options, ret_file);
        if (r == 0)
                return fd;
        if (fd >= 0)
                close(fd);
        return error_set(ret_error, r, "unix:%s: %s", path, strerror(-r));
}

int bound_file_adopt(struct bound_file *file, const char *path)
{
        struct stat status;

        if (strlen(path) >= sizeof(file->path))
                return -ENAMETOOLONG;
        if (lstat(path, &status) < 0)
                return -errno;
        if (!S_ISSOCK(status.st_mode))
                return -EEXIST;
        snprintf(file->path, sizeof(file->path), "%s", path);
        file->device = status.st_dev;
        file->inode = status.st_ino;
        return 0;
}

void bind_unlink(const struct bound_file *file)
{
        struct stat status;

        if (file->path[0] == '\0' || lstat(file->path, &status) < 0)
                return;
        if (status.st_dev == file->device && status.st_ino == file->inode)
                unlink(file->path);
}

int bind_tcp(const struct sockaddr *address, socklen_t size, int backlog,
        struct socketmap_error *ret_error)
{
        char text[128] = "";
        int fd = new_socket(address->sa_family), on = 1, r;

        endpoint_format(address, size, text, sizeof(text));
        if (fd < 0)
                return error_set(ret_error, fd, "%s: %s", text, strerror(-fd));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (address->sa_family == AF_INET6) /* IPv4 has its own listener */
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
        if (bind(fd, address, size) < 0 || listen(fd, backlog) < 0) {
                r = -errno;
                close(fd);
                return error_set(ret_error, r, "%s: %s", text, strerror(-r));
        }
        return fd;
}
