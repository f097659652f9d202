/* SPDX-License-Identifier: MIT */
#include "config/source.h"

#include "base/braces.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_SIZE ((size_t)65536)
/* Far more than a file written by a person, and less than /dev/zero. */
#define SOURCE_SIZE_MAX ((size_t)128 * 1024 * 1024)

/* Reads until the end. Returns 0 or a negative errno. */
static int read_all(int fd, char **ret_text, size_t *ret_size)
{
        size_t size = 0, capacity = 0;
        char *text = NULL, *grown;
        ssize_t got;

        for (;;) {
                if (capacity - size < READ_SIZE) {
                        capacity = capacity * 2 + READ_SIZE;
                        grown = realloc(text, capacity);
                        if (grown == NULL) {
                                free(text);
                                return -ENOMEM;
                        }
                        text = grown;
                }
                got = read(fd, text + size, capacity - size);
                if (got == 0)
                        break;
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0 || size > SOURCE_SIZE_MAX) {
                        free(text);
                        return got < 0 ? -errno : -EFBIG;
                }
                size += (size_t)got;
        }
        *ret_text = text;
        *ret_size = size;
        return 0;
}

static int read_text(int fd, struct arena *arena, struct span *ret_text)
{
        char *text = NULL, *copy;
        size_t size = 0;
        int r = read_all(fd, &text, &size);

        if (r < 0)
                return r;
        copy = arena_copy(arena, (struct span){text, size});
        free(text);
        *ret_text = (struct span){copy, size};
        return copy == NULL ? -ENOMEM : 0;
}

/* What somebody has opened for us: a terminal, or a shell's "<(...)". */
static bool is_open_already(const char *file)
{
        return strcmp(file, "/dev/stdin") == 0 ||
               strncmp(file, "/dev/fd/", strlen("/dev/fd/")) == 0 ||
               strncmp(file, "/proc/self/fd/", strlen("/proc/self/fd/")) == 0;
}

/* A pipe that only has a name may never have a writer. */
static int open_file(
        const char *file, bool is_included, struct reason *ret_reason)
{
        int fd;

        if (is_included || !is_open_already(file))
                return regular_open(file, file, ret_reason);
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                return fd;
        reason_set_errno(ret_reason, -errno, "%s", file);
        return ret_reason->code;
}

/* Finds the absolute path, which a pipe doesn't have, and its directory. */
static int find_path(struct source *source, struct arena *arena)
{
        char *path = realpath(source->file, NULL);
        const char *slash = path != NULL ? strrchr(path, '/') : NULL;
        struct span directory = SPAN_LITERAL("/");

        if (slash != NULL && slash != path)
                directory = (struct span){path, (size_t)(slash - path)};
        source->path =
                arena_copy(arena, span_of(path != NULL ? path : source->file));
        source->directory = arena_copy(arena, directory);
        free(path);
        return source->path == NULL || source->directory == NULL ? -ENOMEM : 0;
}

int source_read(const char *file, bool is_included, struct arena *arena,
        struct source **ret_source, struct reason *ret_reason)
{
        struct source *source;
        int fd = open_file(file, is_included, ret_reason), r = -ENOMEM;

        if (fd < 0)
                return fd;
        source = arena_alloc(arena, sizeof(*source));
        if (source != NULL) {
                *source = (struct source){.file = file};
                r = read_text(fd, arena, &source->text);
        }
        close(fd);
        if (r == 0)
                r = find_path(source, arena);
        if (r < 0)
                reason_set_errno(ret_reason, r, "%s", file);
        else
                *ret_source = source;
        return r;
}

/* Finds the beginnings of all lines, once. */
static void find_lines(struct source *source, struct arena *arena)
{
        struct span text = source->text;
        size_t count = 1;

        for (size_t i = 0; i < text.size; i++)
                count += text.data[i] == '\n';
        source->lines = arena_alloc(arena, count * sizeof(*source->lines));
        if (source->lines == NULL)
                return; /* then all lines seem to be empty */
        source->lines[source->line_count++] = 0;
        for (size_t i = 0; i < text.size; i++)
                if (text.data[i] == '\n')
                        source->lines[source->line_count++] = i + 1;
}

struct span source_line(struct source *source, struct arena *arena, size_t line)
{
        size_t start, size;
        const char *end;

        if (source->lines == NULL)
                find_lines(source, arena);
        if (line == 0 || line > source->line_count)
                return (struct span){"", 0};
        start = source->lines[line - 1];
        size = source->text.size - start;
        end = memchr(source->text.data + start, '\n', size);
        if (end != NULL)
                size = (size_t)(end - source->text.data) - start;
        return (struct span){source->text.data + start, size};
}

/* Blank or a comment: no part of a logical line. */
static bool is_void(struct span line)
{
        size_t i = 0;

        while (i < line.size && byte_is_space(line.data[i]))
                i++;
        return i == line.size || line.data[i] == '#';
}

struct place source_advance(struct source *source, struct arena *arena,
        struct place place, size_t offset)
{
        struct span line = source_line(source, arena, place.line);

        /* The last byte of a line may be its end: of the value, too. */
        while (offset > 0 && place.column + offset > line.size) {
                size_t next = place.line + 1;

                while (next <= source->line_count &&
                        is_void(source_line(source, arena, next)))
                        next++;
                if (next > source->line_count)
                        break;
                offset -= line.size + 1 - place.column;
                line = source_line(source, arena, next);
                place.line = next;
                place.column = 1;
        }
        place.column += offset;
        return place;
}
