/* SPDX-License-Identifier: MIT */
#include "cli/keys.h"

#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 20 };

static struct pattern pattern_of(struct span text)
{
        struct pattern pattern = {.before = text};
        const char *mark = memmem(text.data, text.size, "%d", 2);

        if (mark != NULL) {
                pattern.before.size = (size_t)(mark - text.data);
                pattern.after.data = mark + 2;
                pattern.after.size = text.size - pattern.before.size - 2;
                pattern.numbered = true;
        }
        return pattern;
}

static size_t pattern_size_max(const struct pattern *pattern)
{
        return pattern->before.size + DIGITS_MAX + pattern->after.size;
}

static struct span pattern_format(
        const struct pattern *pattern, uint64_t number, char *buffer)
{
        char digits[DIGITS_MAX], *first = digits + sizeof(digits), *next;
        size_t size;

        if (!pattern->numbered)
                return pattern->before;
        do {
                *--first = (char)('0' + number % 10);
                number /= 10;
        } while (number != 0);
        size = (size_t)(digits + sizeof(digits) - first);
        next = mempcpy(buffer, pattern->before.data, pattern->before.size);
        next = mempcpy(next, first, size);
        if (pattern->after.size > 0)
                next = mempcpy(next, pattern->after.data, pattern->after.size);
        return (struct span){buffer, (size_t)(next - buffer)};
}

/* Reads a whole file. Returns 0, or a negative errno after a complaint. */
static int read_file(const char *path, char **ret_text, size_t *ret_size)
{
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;
        int r = 0;

        /* A file has no NUL in these places, so a line is the whole of it. */
        errno = 0;
        if (file == NULL) {
                r = -errno;
        } else {
                size_t room = 0;
                ssize_t got = getdelim(&text, &room, '\0', file);

                size = got > 0 ? (size_t)got : 0;
                if (got < 0 || !feof(file))
                        r = errno != 0 ? -errno : -EINVAL;
                fclose(file);
        }
        if (r < 0) {
                complain("%s: %s", path,
                        r == -EINVAL ? "empty, or with a NUL" : strerror(-r));
                free(text);
                return r;
        }
        *ret_text = text;
        *ret_size = size;
        return 0;
}

static char *line_end(char *line, char *end)
{
        char *newline = memchr(line, '\n', (size_t)(end - line));

        return newline != NULL ? newline : end;
}

static int load_keys(struct keys *keys, const char *path)
{
        char *end, *line;
        size_t size;
        int r = read_file(path, &keys->key_text, &size);

        if (r < 0)
                return r;
        end = keys->key_text + size;
        keys->count = 0;
        for (line = keys->key_text; line < end; line = line_end(line, end) + 1)
                keys->count++;
        keys->lines = calloc(keys->count, sizeof(keys->lines[0]));
        if (keys->lines == NULL)
                return -ENOMEM;
        line = keys->key_text;
        for (uint64_t i = 0; i < keys->count; i++) {
                size = (size_t)(line_end(line, end) - line);
                keys->lines[i] = (struct span){line, size};
                if (size > keys->key_size_max)
                        keys->key_size_max = size;
                line += size + 1;
        }
        return 0;
}

static int set_values(struct keys *keys, const struct keys_source *source)
{
        size_t size;
        int r;

        if (source->value_file != NULL) {
                r = read_file(source->value_file, &keys->value_text, &size);
                if (r < 0)
                        return r;
                keys->value.before = (struct span){keys->value_text, size};
                keys->expectation = EXPECT_PATTERN;
        } else if (source->value != NULL) {
                keys->value = pattern_of(span_of(source->value));
                keys->expectation = strcmp(source->value, "-") == 0
                                            ? EXPECT_KEY
                                            : EXPECT_PATTERN;
        }
        keys->value_size_max = pattern_size_max(&keys->value);
        if (keys->expectation == EXPECT_KEY)
                keys->value_size_max = keys->key_size_max;
        keys->scratch = malloc(keys->value_size_max + 1);
        return keys->scratch != NULL ? 0 : -ENOMEM;
}

int keys_init(struct keys *keys, const struct keys_source *source)
{
        int r = 0;

        *keys = (struct keys){.count = source->count};
        if (source->file != NULL) {
                r = load_keys(keys, source->file);
        } else {
                keys->pattern = pattern_of(span_of(source->pattern));
                keys->key_size_max = pattern_size_max(&keys->pattern);
        }
        if (r == 0)
                r = set_values(keys, source);
        if (r == -ENOMEM)
                complain("%s", strerror(ENOMEM));
        if (r < 0)
                keys_fini(keys);
        return r;
}

void keys_fini(struct keys *keys)
{
        free(keys->lines);
        free(keys->key_text);
        free(keys->value_text);
        free(keys->scratch);
}

struct span keys_get(const struct keys *keys, uint64_t number, char *buffer)
{
        if (keys->lines != NULL)
                return keys->lines[number];
        return pattern_format(&keys->pattern, number, buffer);
}

struct span keys_get_value(const struct keys *keys, uint64_t number)
{
        if (keys->expectation == EXPECT_KEY)
                return keys_get(keys, number, keys->scratch);
        return pattern_format(&keys->value, number, keys->scratch);
}
