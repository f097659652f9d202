/* SPDX-License-Identifier: MIT */
/*
 * Only echoes: the value of a request is its payload, name and key.
 *
 * usage: echo ENDPOINT...
 */
#include "common.h"

static size_t answer(const char *payload, size_t size, char *reply)
{
        if (size > REPLY_ROOM - 100)
                return reply_format("TEMP ", "too long", 8, reply);
        return reply_format("OK ", payload, size, reply);
}

int main(int argc, char **argv)
{
        (void)argc;
        serve(argv, answer);
}
