/* SPDX-License-Identifier: MIT */
#include "base/secret.h"
#include "base/regular.h"

#include <errno.h>
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
                reason_set(ret_reason, "expected an absolute path, or the name "
                                       "of a credential");
                ret_reason->code = -EBADMSG;
                return -EBADMSG;
        } else if (directory == NULL) {
                reason_set(ret_reason, "no credentials were passed "
                                       "(CREDENTIALS_DIRECTORY)");
                ret_reason->code = -ENOENT;
                return -ENOENT;
        } else {
                length = snprintf(path, size, "%s/%s", directory, name);
        }
        if (length < 0 || (size_t)length >= size) {
                reason_set_errno(ret_reason, -ENAMETOOLONG, "the path");
                return -ENAMETOOLONG;
        }
        return 0;
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

/* Reads from a file that reasons call `called`. */
static int read_open(int fd, const char *called, struct arena *arena,
        const char **ret_text, struct reason *ret_reason)
{
        char *buffer = malloc(SECRET_SIZE_MAX + 1);
        ssize_t size = buffer == NULL
                               ? -ENOMEM
                               : regular_read(fd, buffer, SECRET_SIZE_MAX + 1);
        const char *complaint = NULL;
        struct span text;
        int r = size < 0 ? (int)size : 0;

        if (r == 0) {
                text = chomp((struct span){buffer, (size_t)size});
                complaint = complain(text, (size_t)size);
        }
        if (r == 0 && complaint == NULL) {
                *ret_text = arena_copy(arena, text);
                r = *ret_text == NULL ? -ENOMEM : 0;
        }
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", called);
        if (complaint != NULL) {
                r = -EBADMSG;
                reason_set(ret_reason, "%s: %s", called, complaint);
                ret_reason->code = r;
        }
        if (buffer != NULL)
                explicit_bzero(buffer, SECRET_SIZE_MAX + 1);
        free(buffer);
        return r;
}

int secret_read(const char *name, struct arena *arena, const char **ret_text,
        struct reason *ret_reason)
{
        /* Somebody may have written the password itself. */
        const char *called = *name == '/' ? name : "the credential";
        char path[PATH_MAX];
        int fd, r = find_path(name, path, sizeof(path), ret_reason);

        if (r < 0)
                return r;
        fd = regular_open(path, called, ret_reason);
        if (fd < 0)
                return fd;
        r = read_open(fd, called, arena, ret_text, ret_reason);
        close(fd);
        return r;
}

struct span secret_without_login(struct span server)
{
        const char *at =
                server.size > 0 ? memrchr(server.data, '@', server.size) : NULL;
        size_t before = at != NULL ? (size_t)(at - server.data) + 1 : 0;

        return (struct span){server.data + before, server.size - before};
}
