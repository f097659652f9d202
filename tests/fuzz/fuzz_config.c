/* SPDX-License-Identifier: MIT */
/*
 * The daemon's configuration: any bytes as a file. What is right is written by
 * --dump-config in a form that is read as the same.
 */
#include "fuzz.h"

#include "config/config.h"
#include "config/listing.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void say(void *ctx, enum severity severity, const char *line)
{
        size_t *errors = ctx;

        REQUIRE(strchr(line, '\n') == NULL);
        *errors += severity == SEVERITY_ERROR;
}

static struct config *read_bytes(const void *data, size_t size)
{
        size_t errors = 0;
        struct report report = {.say = say, .ctx = &errors};
        int fd = memfd_create("fuzz", MFD_CLOEXEC);
        struct config *config;
        char file[32];

        REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
        config = config_read(file, &report);
        close(fd);
        REQUIRE(errors == report.errors);
        REQUIRE((config == NULL) == (errors > 0));
        return config;
}

/* Returns what it sets, without the comments that say where. */
static char *list(const struct config *config)
{
        char *text, *to, *line, *next;
        size_t size;
        FILE *stream = open_memstream(&text, &size);

        REQUIRE(stream != NULL);
        listing_write_settings(stream, config);
        REQUIRE(fclose(stream) == 0);
        for (line = to = text; *line != '\0'; line = next) {
                next = strchr(line, '\n') + 1;
                if (*line == '#')
                        continue;
                memmove(to, line, (size_t)(next - line));
                to += next - line;
        }
        *to = '\0';
        return text;
}

static void check(const struct config *config)
{
        REQUIRE(config->listeners != NULL && config->maps != NULL);
        for (const struct config_listener *listener = config->listeners;
                listener != NULL; listener = listener->next)
                REQUIRE(listener->endpoint.text != NULL);
        for (const struct config_map *map = config->maps; map != NULL;
                map = map->next) {
                REQUIRE(map->table != NULL && map->workers > 0);
                REQUIRE(map->shrink_limit <= 100);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct config *config, *again;
        char *text, *second;

        /* What other files hold is no matter of these bytes. */
        if (memmem(data, size, "include", strlen("include")) != NULL)
                return 0;
        config = read_bytes(data, size);
        if (config == NULL)
                return 0;
        check(config);
        text = list(config);
        config_free(config);
        if (strstr(text, ":(secret)\n") == NULL) {
                again = read_bytes(text, strlen(text));
                REQUIRE(again != NULL);
                second = list(again);
                REQUIRE(strcmp(text, second) == 0);
                config_free(again);
                free(second);
        }
        free(text);
        return 0;
}
