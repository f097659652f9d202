/* SPDX-License-Identifier: MIT */
/*
 * The least that a correct server does: parse, look up, reply. Serves the map
 * (under any name but "big") and the map "big".
 *
 * usage: bare ENDPOINT...
 */
#include "map.h"

static struct map map;
static char *big;

static size_t answer(const char *payload, size_t size, char *reply)
{
        const char *space = memchr(payload, ' ', size), *value;
        size_t name_size;

        if (space == NULL)
                return reply_format("TEMP ", "no space", 8, reply);
        name_size = (size_t)(space - payload);
        if (name_size == 3 && memcmp(payload, "big", 3) == 0)
                return reply_format("OK ", big, BIG_SIZE, reply);
        value = map_get(&map, space + 1, size - name_size - 1);
        if (value == NULL)
                return reply_format("NOTFOUND ", "", 0, reply);
        return reply_format("OK ", value, strlen(value), reply);
}

int main(int argc, char **argv)
{
        (void)argc;
        map_init(&map);
        big = big_value();
        serve(argv, answer);
}
