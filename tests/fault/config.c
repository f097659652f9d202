/* SPDX-License-Identifier: MIT */
/*
 * A configuration is read again and again, and each time another one of the
 * allocations fails. Then it is read whole, or not at all and a reason is told.
 */
#include "config/config.h"

#include "check.h"

#include <stdlib.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);

/* Which allocation fails, and how many there have been. */
static unsigned failing, allocations;

static bool fails(void)
{
        return ++allocations == failing;
}

void *__wrap_malloc(size_t size)
{
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
        return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *pointer, size_t size)
{
        return fails() ? NULL : __real_realloc(pointer, size);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

static void say(void *ctx, enum severity severity, const char *line)
{
        (void)ctx;
        (void)severity;
        CHECK(*line != '\0' || severity == SEVERITY_QUOTE);
}

/*
 * Reads a file until nothing fails any more. Returns whether it was right then.
 */
static bool read_all(const char *file, size_t maps)
{
        struct config *config;
        size_t failures = 0;
        bool was_right;

        for (failing = 1;; failing++) {
                struct report report = {.say = say};

                allocations = 0;
                config = config_read(file, &report);
                was_right = config != NULL;
                CHECK(was_right == (report.errors == 0));
                if (was_right)
                        CHECK_INT(config_count_maps(config), maps);
                config_free(config);
                if (allocations < failing)
                        break;
                failures++;
        }
        CHECK(failures > 20);
        return was_right;
}

/* Writes a configuration with many maps, and with these lines before them. */
static void write_config(int fd, const char *lines, size_t maps)
{
        FILE *stream = fdopen(fd, "w");

        CHECK(stream != NULL);
        if (stream == NULL)
                return;
        fprintf(stream, "%s[listen l]\nendpoint = unix:/x\n", lines);
        for (size_t i = 0; i < maps; i++)
                fprintf(stream, "[map %zu]\ntable = inline:{ {a = b %zu} }\n",
                        i, i);
        CHECK_INT(fclose(stream), 0);
}

static bool read_lines(const char *lines, size_t maps)
{
        char file[] = "/tmp/fault_config-XXXXXX";
        int fd = mkstemp(file);
        bool was_right;

        CHECK(fd >= 0);
        write_config(fd, lines, maps);
        was_right = read_all(file, maps);
        unlink(file);
        return was_right;
}

static void test_right(void)
{
        CHECK(read_lines("[log]\ntrace = 1 2:x\n[server]\nuser = root\n", 100));
}

static void test_wrong(void)
{
        CHECK(!read_lines("[log]\ntrace = x\nlog_level = y\n[mpa x]\nz", 40));
}

int main(void)
{
        RUN(test_right);
        RUN(test_wrong);
        return check_done();
}
