/* SPDX-License-Identifier: MIT */
#include "fixtures.h"
#include "asking.h"
#include <stdio.h>
#include <stdlib.h>

static char *make_fail(
        const char *directory, const char *key, const char *value)
{
        (void)directory;
        (void)key;
        return join("fail:", value[0] == '\0' ? "{}" : value);
}

static char *make_inline(
        const char *directory, const char *key, const char *value)
{
        char *spec;

        (void)directory;
        if (asprintf(&spec, "inline:{ {%s = %s} }", key, value) < 0)
                abort();
        return spec;
}

static char *make_static(
        const char *directory, const char *key, const char *value)
{
        (void)directory;
        (void)key;
        return join("static:", value[0] == '\0' ? "{}" : value);
}

static char *make_texthash(
        const char *directory, const char *key, const char *value)
{
        char *line, *path, *spec;

        if (value[0] == '\0')
                return NULL;
        if (asprintf(&line, "%s %s\n", key, value) < 0)
                abort();
        path = write_file(directory, "texthash", span_of(line));
        spec = join("texthash:", path);
        free(path);
        free(line);
        return spec;
}

static const struct fixture fixtures[] = {
        {.type = "fail", .make = make_fail, .always_fails = true},
        {.type = "inline", .make = make_inline},
        {.type = "static", .make = make_static, .has_every_key = true},
        {.type = "texthash", .make = make_texthash},
};

const struct fixture *find_fixture(const char *type)
{
        for (size_t i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
                if (strcmp(fixtures[i].type, type) == 0)
                        return &fixtures[i];
        return NULL;
}
