/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET_SIZE_MAX ((size_t)65536)

/* Writes the path of a file or credential. */
static int find_path(
        const char *name, char *path, size_t size, struct reason *ret_reason)
{
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        int length;

        if (*name == '/') {
                length = snprintf(path, size, "%s", name);
        } else if (*name == '\0' || strchr(name, '/') != NULL) {
                reason_set(ret_reason,
                        "\"%s\": expected an absolute path, or the name of a "
                        "credential",
                        name);
                ret_reason->code = -EBADMSG;
                return -EBADMSG;
        } else if (directory == NULL) {
                reason_set(ret_reason,
                        "\"%s\": no credentials were passed "
                        "(CREDENTIALS_DIRECTORY)",
                        name);
                ret_reason->code = -ENOENT;
                return -ENOENT;
        } else {
                length = snprintf(path, size, "%s/%s", directory, name);
        }
        if (length < 0 || (size_t)length >= size) {
                reason_set_errno(ret_reason, -ENAMETOOLONG, "%s", name);
                return -ENAMETOOLONG;
        }
        return 0;
}

/* Reads up to `size` bytes. Returns how many, or a negative errno. */
static ssize_t read_file(const char *path, char *buffer, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t used = 0;
        ssize_t got;

        if (fd < 0)
                return -errno;
        do {
                got = read(fd, buffer + used, size - used);
                if (got > 0)
                        used += (size_t)got;
        } while ((got > 0 && used < size) || (got < 0 && errno == EINTR));
        if (got < 0)
                got = -errno;
        close(fd);
        return got < 0 ? got : (ssize_t)used;
}

/* Returns the text without its newline. */
static struct span chomp(struct span text)
{
        if (text.size > 0 && text.data[text.size - 1] == '\n') {
                text.size--;
                if (text.size > 0 && text.data[text.size - 1] == '\r')
                        text.size--;
        }
        return text;
}

/* What is wrong with it, or NULL. */
static const char *complain(struct span text, size_t read)
{
        if (read > SECRET_SIZE_MAX)
                return "too large for a password";
        if (text.size == 0)
                return "empty";
        if (memchr(text.data, '\0', text.size) != NULL)
                return "a NUL byte in it";
        return memchr(text.data, '\n', text.size) != NULL ? "more than one line"
                                                          : NULL;
}

int secret_read(const char *name, struct arena *arena, const char **ret_text,
        struct reason *ret_reason)
{
        char path[PATH_MAX];
        char *buffer = NULL;
        const char *complaint;
        struct span text;
        ssize_t size;
        int r = find_path(name, path, sizeof(path), ret_reason);

        if (r < 0)
                return r;
        buffer = malloc(SECRET_SIZE_MAX + 1);
        size = buffer == NULL ? -ENOMEM
                              : read_file(path, buffer, SECRET_SIZE_MAX + 1);
        if (size < 0) {
                r = (int)size;
                reason_set_errno(ret_reason, r, "%s", path);
                goto end;
        }
        text = chomp((struct span){buffer, (size_t)size});
        complaint = complain(text, (size_t)size);
        if (complaint != NULL) {
                r = -EBADMSG;
                reason_set(ret_reason, "%s: %s", path, complaint);
                ret_reason->code = r;
                goto end;
        }
        *ret_text = arena_copy(arena, text);
        if (*ret_text == NULL) {
                r = -ENOMEM;
                reason_set_errno(ret_reason, r, "%s", path);
        }

end:
        if (buffer != NULL)
                explicit_bzero(buffer, SECRET_SIZE_MAX + 1);
        free(buffer);
        return r;
}
