/* SPDX-License-Identifier: MIT */
#include "base/lines.h"
#include "base/braces.h"
#include "base/regular.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_SIZE ((size_t)65536)

/* A physical line of the current logical one, which begins at `offset`. */
struct segment {
        size_t offset;
        size_t line;
};

struct lines {
        char *file;
        int fd; /* -1: the text is all there is */

        char *buffer; /* what was read; NULL for a borrowed text */
        size_t capacity;
        const char *input; /* bytes not yet used */
        size_t input_size;
        bool at_end; /* nothing more to read */
        size_t line; /* number of the last physical line used */

        char *text; /* the logical line */
        size_t text_size;
        size_t text_capacity;
        struct segment *segments;
        size_t segment_count;
        size_t segment_capacity;
};

static struct lines *lines_new(const char *file, struct reason *ret_reason)
{
        struct lines *lines = calloc(1, sizeof(*lines));

        if (lines != NULL) {
                lines->fd = -1;
                lines->file = strdup(file);
        }
        if (lines == NULL || lines->file == NULL) {
                lines_close(lines);
                reason_set_errno(ret_reason, -ENOMEM, "%s", file);
                return NULL;
        }
        return lines;
}

struct lines *lines_open(const char *file, struct reason *ret_reason)
{
        struct lines *lines = lines_new(file, ret_reason);

        if (lines == NULL)
                return NULL;
        lines->fd = regular_open(file, file, ret_reason);
        if (lines->fd >= 0)
                return lines;
        lines_close(lines);
        return NULL;
}

struct lines *lines_open_text(
        const char *file, struct span text, struct reason *ret_reason)
{
        struct lines *lines = lines_new(file, ret_reason);

        if (lines == NULL)
                return NULL;
        lines->input = text.data;
        lines->input_size = text.size;
        lines->at_end = true;
        return lines;
}

void lines_close(struct lines *lines)
{
        if (lines == NULL)
                return;
        if (lines->fd >= 0)
                close(lines->fd);
        free(lines->file);
        free(lines->buffer);
        free(lines->text);
        free(lines->segments);
        free(lines);
}

/*
 * Makes room for `count` elements of `size` bytes in all, growing by doubling.
 */
static int reserve(void **array, size_t *capacity, size_t count, size_t size)
{
        size_t wanted = *capacity < 16 ? 16 : *capacity;
        void *grown;

        if (count <= *capacity)
                return 0;
        if (count > SIZE_MAX / 2 / size)
                return -ENOMEM;
        while (wanted < count)
                wanted *= 2;
        grown = realloc(*array, wanted * size);
        if (grown == NULL)
                return -ENOMEM;
        *array = grown;
        *capacity = wanted;
        return 0;
}

/* Reads once more behind what is not yet used. */
static int fill(struct lines *lines)
{
        void *buffer = lines->buffer;
        ssize_t got;
        int error;

        if (lines->input_size > 0)
                memmove(lines->buffer, lines->input, lines->input_size);
        error = reserve(
                &buffer, &lines->capacity, lines->input_size + READ_SIZE, 1);
        lines->buffer = buffer;
        lines->input = lines->buffer;
        if (error < 0)
                return error;
        do {
                got = read(lines->fd, lines->buffer + lines->input_size,
                        lines->capacity - lines->input_size);
        } while (got < 0 && errno == EINTR);
        if (got < 0)
                return -errno;
        lines->input_size += (size_t)got;
        lines->at_end = got == 0;
        return 0;
}

/*
 * Finds the next physical line, without its newline. Returns 1, 0 at the end,
 * or a negative errno.
 */
static int find_physical(struct lines *lines, struct span *ret_line)
{
        const char *newline = NULL;
        size_t searched = 0;

        for (;;) {
                if (lines->input_size > searched)
                        newline = memchr(lines->input + searched, '\n',
                                lines->input_size - searched);
                if (newline != NULL || lines->at_end)
                        break;
                searched = lines->input_size;
                int error = fill(lines);
                if (error < 0)
                        return error;
        }
        if (newline == NULL && lines->input_size == 0)
                return 0;
        ret_line->data = lines->input;
        ret_line->size = newline == NULL ? lines->input_size
                                         : (size_t)(newline - lines->input);
        return 1;
}

/* Goes on behind the physical line that was found. */
static void use_physical(struct lines *lines, struct span line)
{
        size_t size = line.size;

        if (size < lines->input_size)
                size++; /* the newline */
        lines->input += size;
        lines->input_size -= size;
        lines->line++;
}

/* Blank or a comment. */
static bool is_void(struct span line)
{
        size_t i = 0;

        while (i < line.size && byte_is_space(line.data[i]))
                i++;
        return i == line.size || line.data[i] == '#';
}

static int append(struct lines *lines, struct span line)
{
        void *text = lines->text, *segments = lines->segments;
        int error;

        if (line.size > SIZE_MAX - 1 - lines->text_size)
                return -ENOMEM;
        error = reserve(&text, &lines->text_capacity,
                lines->text_size + line.size + 1, 1);
        lines->text = text;
        if (error < 0)
                return error;
        error = reserve(&segments, &lines->segment_capacity,
                lines->segment_count + 1, sizeof(struct segment));
        lines->segments = segments;
        if (error < 0)
                return error;
        lines->segments[lines->segment_count++] =
                (struct segment){lines->text_size, lines->line};
        memcpy(lines->text + lines->text_size, line.data, line.size);
        lines->text_size += line.size;
        return 0;
}

/*
 * Gathers physical lines until one begins another logical line. Returns 1, 0
 * at the end of the file, or a negative errno.
 */
static int gather(struct lines *lines)
{
        lines->text_size = 0;
        lines->segment_count = 0;
        for (;;) {
                struct span line;
                int found = find_physical(lines, &line);

                if (found < 0)
                        return found;
                if (found == 0)
                        return lines->segment_count > 0;
                if (lines->segment_count > 0 && !is_void(line) &&
                        !byte_is_space(line.data[0]))
                        return 1;
                use_physical(lines, line);
                if (is_void(line))
                        continue;
                int error = append(lines, line);
                if (error < 0)
                        return error;
        }
}

static void warn(const struct lines *lines, struct report *report,
        size_t offset, const char *text)
{
        struct place place = lines_place(lines, offset);

        if (report != NULL)
                report_at(report, SEVERITY_WARNING, &place, "%s", text);
}

/* Cuts the line at a NUL, as C strings did it to Postfix, and ends it. */
static void finish(struct lines *lines, struct report *report)
{
        const char *nul = memchr(lines->text, '\0', lines->text_size);

        if (nul != NULL) {
                lines->text_size = (size_t)(nul - lines->text);
                warn(lines, report, lines->text_size,
                        "NUL byte: the rest of the line is ignored");
        }
        while (lines->text_size > 0 &&
                byte_is_space(lines->text[lines->text_size - 1]))
                lines->text_size--;
        lines->text[lines->text_size] = '\0';
}

int lines_next(struct lines *lines, struct report *report, char **ret_text,
        size_t *ret_size, struct reason *ret_reason)
{
        for (;;) {
                int result = gather(lines);

                if (result < 0)
                        reason_set_errno(ret_reason, result, "%s", lines->file);
                if (result <= 0)
                        return result;
                if (byte_is_space(lines->text[0])) {
                        warn(lines, report, 0,
                                "begins with white space but continues "
                                "nothing: line ignored");
                        continue;
                }
                finish(lines, report);
                *ret_text = lines->text;
                *ret_size = lines->text_size;
                return 1;
        }
}

struct place lines_place(const struct lines *lines, size_t offset)
{
        size_t i = lines->segment_count;

        while (i > 1 && lines->segments[i - 1].offset > offset)
                i--;
        if (i == 0)
                return (struct place){lines->file, lines->line, 0};
        return (struct place){lines->file, lines->segments[i - 1].line,
                offset - lines->segments[i - 1].offset + 1};
}
